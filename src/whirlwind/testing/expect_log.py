"""Log records that a test is about.

Layer: public package ``testing``.
"""

from __future__ import annotations

import logging
import re
import warnings
from types import TracebackType
from typing import Self

from whirlwind._base.escape import to_unicode
from whirlwind._base.log import app_log


class ExpectLog(logging.Filter):
    """Keeps an expected record out of the log, and fails if it does not come.

    ::

        with ExpectLog("whirlwind.general", "Malformed HTTP message", level=logging.INFO):
            self.send(b"garbage")

    Args:
        logger: A logger or its name; ``""`` is the root logger. Only what is logged to this
            very logger counts, not what its children pass on.
        regex: A regular expression for the beginning of the message, compiled or not.
        required: Whether it is an error if no such record comes.
        level: The record's level, which the logger is set to take meanwhile. Without one any
            level counts; one below WARNING is deprecated then.

    Attributes:
        matched: How many records were caught.
        logged_stack: Whether one of all the records came with an exception.
    """

    def __init__(
        self,
        logger: logging.Logger | str,
        regex: str | re.Pattern[str],
        required: bool = True,
        level: int | None = None,
    ) -> None:
        super().__init__()
        self.logger = logging.getLogger(logger) if isinstance(logger, str) else logger
        self.regex = re.compile(regex if isinstance(regex, re.Pattern) else to_unicode(regex))
        self.required = required
        self.level = level
        self.matched = 0
        self.deprecated_level_matched = 0
        self.logged_stack = False
        self.orig_level: int | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Called by the logger with each record; returns False for those that are expected."""
        if record.exc_info:
            self.logged_stack = True
        if self.regex.match(record.getMessage()) is None:
            return True
        if self.level is not None and record.levelno != self.level:
            app_log.warning(
                "Got expected log message %r at unexpected level (%s vs %s)",
                record.getMessage(),
                logging.getLevelName(self.level),
                record.levelname,
            )
            return True
        if self.level is None and record.levelno < logging.WARNING:
            self.deprecated_level_matched += 1
        self.matched += 1
        return False

    def __enter__(self) -> Self:
        if self.level is not None and self.level < self.logger.getEffectiveLevel():
            self.orig_level = self.logger.level
            self.logger.setLevel(self.level)
        self.logger.addFilter(self)
        return self

    def __exit__(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self.orig_level is not None:
            self.logger.setLevel(self.orig_level)
        self.logger.removeFilter(self)
        if typ is not None:
            return
        if self.required and not self.matched:
            raise Exception(
                f"did not get expected log message: {self.regex.pattern!r} "
                f"on logger {self.logger.name!r}"
            )
        if self.required and self.matched == self.deprecated_level_matched:
            warnings.warn(
                "ExpectLog matched at INFO or below without level argument",
                DeprecationWarning,
                stacklevel=2,
            )
