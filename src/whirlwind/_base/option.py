"""One option: what may be its value, and how text becomes one.

Layer: base. Standard library only.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from whirlwind._base.errors import WhirlwindError

# Written by str(datetime.ctime()), and what ISO 8601 does not allow: compact dates with
# colons in the time, times without a date.
_DATETIME_FORMATS: Final = (
    "%a %b %d %H:%M:%S %Y",
    "%Y%m%d %H:%M:%S",
    "%Y%m%d %H:%M",
    "%H:%M:%S",
    "%H:%M",
)

_SPAN: Final = re.compile(
    r"\s*([-+]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][-+]?[0-9]+)?)\s*([a-z]*)\s*"
)

_UNITS: Final = {
    spelling: unit
    for unit, spellings in {
        "weeks": ("w", "week"),
        "days": ("d", "day"),
        "hours": ("h", "hour"),
        "minutes": ("m", "min", "minute"),
        "seconds": ("", "s", "sec", "second"),
        "milliseconds": ("ms", "millisecond"),
        "microseconds": ("us", "microsecond"),
    }.items()
    for spelling in (*spellings, unit)
}

_UNSET: Final = object()

OnValue: TypeAlias = Callable[[Any], None]
ValueType: TypeAlias = type[Any]


class Error(WhirlwindError):
    """An option that is not there, is there twice, or is given what cannot be its value."""


class InvalidValueError(Error, ValueError):
    """Text that does not stand for a value of its option's type."""


class Option:
    """One option of an ``OptionParser``; made by ``define``, which explains the arguments.

    Attributes:
        name: As defined.
        default: The value until another is set.
        type: Class of the value, or of each value if there can be several.
        multiple: Whether the value is a list.
        help: One sentence for ``--help``.
        metavar: What stands for the value there.
        group_name: Under which heading it stands there.
        file_name: The file that defined it.
        callback: Called with each new value.
    """

    def __init__(
        self,
        name: str,
        default: Any = None,
        type: ValueType = str,
        help: str | None = None,
        metavar: str | None = None,
        multiple: bool = False,
        file_name: str | None = None,
        group_name: str | None = None,
        callback: OnValue | None = None,
    ) -> None:
        self.name = name
        self.type = type
        self.help = help
        self.metavar = metavar
        self.multiple = multiple
        self.file_name = file_name
        self.group_name = group_name
        self.callback = callback
        self.default: Any = [] if default is None and multiple else default
        self._value: Any = _UNSET

    def value(self) -> Any:
        """Return the value, which is the default until something was set."""
        return self.default if self._value is _UNSET else self._value

    def set(self, value: Any) -> None:
        """Set the value to an object of the option's type, or to None.

        Raises:
            Error: The object is of another type; text is not parsed here.
        """
        if self.multiple:
            if not isinstance(value, list) or not all(self._fits(item) for item in value):
                raise Error(
                    f"Option {self.name!r} is required to be a list of {self.type.__name__}"
                )
        elif not self._fits(value):
            raise Error(
                f"Option {self.name!r} is required to be a {self.type.__name__} "
                f"({type(value)} given)"
            )
        self._take(value)

    def parse(self, value: str) -> Any:
        """Set the value to what text stands for.

        Args:
            value: The text. Several values are separated by commas; among integers ``3:7``
                means 3 and 7 and all between.

        Returns:
            The new value.

        Raises:
            InvalidValueError: The text stands for no value of the option's type.
        """
        self._take(self._parse_list(value) if self.multiple else self._parse_one(value))
        return self.value()

    def _take(self, value: Any) -> None:
        self._value = value
        if self.callback is not None:
            self.callback(value)

    def _fits(self, value: Any) -> bool:
        return value is None or isinstance(value, self.type)

    def _parse_list(self, text: str) -> list[Any]:
        if not issubclass(self.type, int):
            return [self._parse_one(part) for part in text.split(",")]
        values: list[Any] = []
        for part in text.split(","):
            first, _, last = part.partition(":")
            lowest = self._parse_one(first)
            values += range(lowest, (self._parse_one(last) if last else lowest) + 1)
        return values

    def _parse_one(self, text: str) -> Any:
        try:
            if self.type is bool:
                return text.lower() not in ("false", "0", "f")
            if self.type is datetime.datetime:
                return _parse_datetime(text)
            if self.type is datetime.timedelta:
                return _parse_timedelta(text)
            return self.type(text)
        except (ValueError, TypeError, OverflowError) as error:
            raise InvalidValueError(
                f"Option {self.name!r} is required to be a {self.type.__name__}: {error}"
            ) from error


def _parse_datetime(text: str) -> datetime.datetime:
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in _DATETIME_FORMATS:
        try:
            return datetime.datetime.strptime(text, form)
        except ValueError:
            continue
    raise ValueError(f"Unrecognized date/time format: {text[:40]!r}")


def _parse_timedelta(text: str) -> datetime.timedelta:
    total = datetime.timedelta()
    at = 0
    while at < len(text):
        match = _SPAN.match(text, at)
        if match is None or match[2] not in _UNITS:
            raise ValueError(
                f"Unrecognized time span: {text[:40]!r}, expected for example '1h 30m'"
            )
        total += datetime.timedelta(**{_UNITS[match[2]]: float(match[1])})
        at = match.end()
    return total
