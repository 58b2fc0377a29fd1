"""Log records as lines that a person reads.

Layer: base. Standard library only.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import Any, Final, Literal

_END_COLOR: Final = "\x1b[0m"


class LogFormatter(logging.Formatter):
    """Makes one line of a record: level, time, place, message; further lines are indented.

    The indentation tells what belongs to one record, so that a message that contains a line
    break cannot pass for two records.

    Args:
        fmt: The line; besides the names of ``logging`` it knows ``color`` and ``end_color``.
        datefmt: The time in it, as for ``time.strftime``.
        style: Which placeholders ``fmt`` has, as for ``logging.Formatter``.
        color: Whether to use colours, if standard error is a terminal that has them.
        colors: For each level the number of its colour, 0 to 7, in ANSI order.
    """

    DEFAULT_FORMAT = (
        "%(color)s[%(levelname)1.1s %(asctime)s %(module)s:%(lineno)d]%(end_color)s %(message)s"
    )
    DEFAULT_DATE_FORMAT = "%y%m%d %H:%M:%S"
    DEFAULT_COLORS: Mapping[int, int] = {
        logging.DEBUG: 4,
        logging.INFO: 2,
        logging.WARNING: 3,
        logging.ERROR: 1,
        logging.CRITICAL: 5,
    }

    def __init__(
        self,
        fmt: str = DEFAULT_FORMAT,
        datefmt: str = DEFAULT_DATE_FORMAT,
        style: Literal["%", "{", "$"] = "%",
        color: bool = True,
        colors: Mapping[int, int] = DEFAULT_COLORS,
    ) -> None:
        # A format for dictConfig need not have any placeholder of logging's own.
        super().__init__(fmt, datefmt, style, validate=False)
        in_color = color and stderr_has_colors()
        self._colors = {level: f"\x1b[3{n}m" for level, n in colors.items()} if in_color else {}
        self._normal = _END_COLOR if in_color else ""

    def format(self, record: Any) -> str:
        """Return the record as text, without a line break at its end."""
        try:
            record.message = record.getMessage()
        except Exception as error:
            # Arguments that do not fit the message. The mistake is shown in place of the
            # message: an exception from here would be reported without a word of the record.
            record.message = f"Bad message ({error!r}): {record.__dict__!r}"
        record.asctime = self.formatTime(record, self.datefmt)
        record.color = self._colors.get(record.levelno, "")
        record.end_color = self._normal if record.color else ""
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        parts = [self.formatMessage(record)]
        if record.exc_text:
            parts.append(record.exc_text)
        if record.stack_info:
            parts.append(self.formatStack(record.stack_info))
        return "\n".join(part.rstrip() for part in parts).replace("\n", "\n    ")


def stderr_has_colors() -> bool:
    """Whether standard error is a terminal that understands ANSI colours."""
    if not (hasattr(sys.stderr, "isatty") and sys.stderr.isatty()):
        return False
    if sys.platform == "win32":
        return "WT_SESSION" in os.environ  # Windows Terminal; the old console does not
    return os.environ.get("TERM", "dumb") != "dumb"
