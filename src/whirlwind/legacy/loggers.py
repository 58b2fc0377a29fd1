"""Gives the loggers the names under which programs written for Tornado set them up.

Public package. Imports from rooms.
"""

from __future__ import annotations

import logging
from typing import Final

from whirlwind._base.log import access_log, app_log, gen_log

_OURS: Final = {
    "tornado.access": access_log,
    "tornado.application": app_log,
    "tornado.general": gen_log,
}


def name_after_tornado() -> None:
    """Make ``getLogger("tornado.access")`` the logger that whirlwind writes to, and so its two kin.

    Their records then carry that name, which filters and handlers of such a program look at, and
    the logger ``tornado`` is above them. A logger of that name that was set up before gives its
    settings to ours.
    """
    loggers = logging.getLogger().manager.loggerDict
    above = logging.getLogger("tornado")
    for name, ours in _OURS.items():
        before = loggers.get(name)
        loggers[name] = ours
        ours.name = name
        ours.parent = above
        if isinstance(before, logging.Logger):
            ours.handlers = before.handlers
            ours.filters = before.filters
            ours.propagate = before.propagate
            ours.disabled = before.disabled
            ours.setLevel(before.level)
        else:
            # Also forgets which levels were enabled below the old parent.
            ours.setLevel(ours.level)
