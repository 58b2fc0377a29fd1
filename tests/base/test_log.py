"""The three loggers."""

from __future__ import annotations

import logging

from whirlwind.log import access_log, app_log, gen_log


def test_loggers_have_the_names_that_programs_configure() -> None:
    assert access_log is logging.getLogger("whirlwind.access")
    assert app_log is logging.getLogger("whirlwind.application")
    assert gen_log is logging.getLogger("whirlwind.general")


def test_nothing_is_attached_to_them() -> None:
    for logger in (access_log, app_log, gen_log):
        assert logger.handlers == []
        assert logger.level == logging.NOTSET
        assert logger.propagate
