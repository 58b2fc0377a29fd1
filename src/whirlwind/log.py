"""The loggers, and readable lines from them.

Door: names only. They come from ``_base/log.py``, ``_base/log_format.py`` and
``_base/log_options.py``.
"""

from whirlwind._base.log import access_log, app_log, gen_log
from whirlwind._base.log_format import LogFormatter
from whirlwind._base.log_options import define_logging_options, enable_pretty_logging
from whirlwind._base.publish import publish

__all__ = [
    "LogFormatter",
    "access_log",
    "app_log",
    "define_logging_options",
    "enable_pretty_logging",
    "gen_log",
]

publish(__name__, globals())
