"""Locales: one object for each language that a program speaks.

Layer: web.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from whirlwind._base.log import gen_log
from whirlwind._web.locale.dates import (
    MONTHS,
    WEEKDAYS,
    clock_of,
    elapsed,
    message_for,
    time_of_day,
    whole_date,
)
from whirlwind._web.locale.names import LOCALE_NAMES

if TYPE_CHECKING:
    import gettext

# Between a message and its context in a compiled catalogue (GNU gettext manual, section 10.3).
CONTEXT_SEPARATOR: Final = "\x04"

_RIGHT_TO_LEFT: Final = ("ar", "fa", "he")


class Catalogue:
    """What the process has loaded.

    Attributes:
        default: Code of the language that the program's own messages are in.
        translations: For each code its messages: a dict of dicts, or gettext's object.
        from_gettext: Which of the two they are.
        supported: The codes that there are: those of translations, and the default one.
    """

    def __init__(self) -> None:
        self.default = "en_US"
        self.translations: Mapping[str, Any] = {}
        self.from_gettext = False
        self.supported = frozenset({"en_US"})

    def set_default(self, code: str) -> None:
        """Say which language the program's own messages are in."""
        self.default = code
        self._list_supported()

    def replace(self, translations: Mapping[str, Any], *, from_gettext: bool) -> None:
        """Use other translations from now on; locales handed out before keep theirs."""
        self.translations = translations
        self.from_gettext = from_gettext
        Locale._cache = {}
        self._list_supported()
        gen_log.debug("Supported locales: %s", sorted(self.supported))

    def _list_supported(self) -> None:
        # Once, and not for every page that asks for its language.
        self.supported = frozenset([*self.translations, self.default])


CATALOGUE: Final = Catalogue()


class Locale:
    """A language: its messages, and how it writes dates, lists and numbers.

    Ask for one with ``Locale.get_closest`` or ``whirlwind.locale.get``, or in a handler with
    ``self.locale``.

    Args:
        code: Such as ``"de"`` or ``"pt_BR"``.

    Attributes:
        code: As given.
        name: The language's own name for itself; ``"Unknown"`` if it is not in the table.
        rtl: Whether it is written from right to left.
    """

    # The locales made so far; tests of programs empty it.
    _cache: ClassVar[dict[str, Locale]] = {}

    def __init__(self, code: str) -> None:
        self.code = code
        self.name = LOCALE_NAMES.get(code, {}).get("name", "Unknown")
        self.rtl = code.partition("_")[0] in _RIGHT_TO_LEFT
        self._clock = clock_of(code)
        self._months = [self.translate(month) for month in MONTHS]
        self._weekdays = [self.translate(day) for day in WEEKDAYS]

    @classmethod
    def get_closest(cls, *locale_codes: str | None) -> Locale:
        """Return the first language asked for that is there, else the default one.

        Args:
            *locale_codes: Codes in order of preference, in any case, with ``-`` or ``_``. For
                ``pt-BR`` plain ``pt`` will do.
        """
        supported = CATALOGUE.supported
        for code in locale_codes:
            parts = (code or "").replace("-", "_").split("_")
            language = parts[0].lower()
            if len(parts) == 2:
                with_region = f"{language}_{parts[1].upper()}"
                if with_region in supported:
                    return cls.get(with_region)
            if len(parts) <= 2 and language in supported:
                return cls.get(language)
        return cls.get(CATALOGUE.default)

    @classmethod
    def get(cls, code: str) -> Locale:
        """Return the locale with exactly this code, the same object until others are loaded.

        Args:
            code: One of ``get_supported_locales()``.

        Raises:
            AssertionError: It is not one of them; ``get_closest`` takes any code.
        """
        if not hasattr(Locale, "_cache"):
            Locale._cache = {}  # programs' tests delete it, which was the way to clear it up to 5
        made = Locale._cache
        if code not in made:
            if code not in CATALOGUE.supported:
                raise AssertionError(f"no translations for {code[:40]!r}")
            translations = CATALOGUE.translations.get(code)
            if translations is None or not CATALOGUE.from_gettext:
                made[code] = CSVLocale(code, translations or {})
            else:
                made[code] = GettextLocale(code, translations)
        return made[code]

    def translate(
        self, message: str, plural_message: str | None = None, count: int | None = None
    ) -> str:
        """Return a message in this language, or as it is if there is no translation.

        Args:
            message: The message in the program's own language.
            plural_message: The same for other numbers than 1; needs ``count``.
            count: The number that decides.
        """
        raise NotImplementedError

    def pgettext(
        self,
        context: str,
        message: str,
        plural_message: str | None = None,
        count: int | None = None,
    ) -> str:
        """Return a message in this language, where one message means several things.

        Args:
            context: Which of the things is meant.
            message: As for ``translate``.
            plural_message: As for ``translate``.
            count: As for ``translate``.
        """
        raise NotImplementedError

    def format_date(
        self,
        date: float | datetime.datetime,
        gmt_offset: int = 0,
        relative: bool = True,
        shorter: bool = False,
        full_format: bool = False,
    ) -> str:
        """Return a date as people say it: ``"5 minutes ago"``, ``"Friday at 16:46"``.

        Args:
            date: Seconds since 1970, or a date; without a time zone it is in UTC. One that is in
                another zone is shown as it stands there, less ``gmt_offset``, as in Tornado.
            gmt_offset: Minutes by which the reader's clock is behind UTC (JavaScript's
                ``getTimezoneOffset()``).
            relative: Whether the text may refer to the present: ``yesterday``, ``2 hours ago``.
            shorter: Whether to leave out the time of day where a day is named.
            full_format: Always day, month and year. A date in the future, by more than a minute,
                has this form in any case.
        """
        if isinstance(date, int | float):
            date = datetime.datetime.fromtimestamp(date, datetime.UTC)
        elif date.tzinfo is None:
            date = date.replace(tzinfo=datetime.UTC)
        now = datetime.datetime.now(datetime.UTC)
        return self._date_text(date, now, gmt_offset, relative, shorter, full_format)

    def _date_text(
        self,
        date: datetime.datetime,
        now: datetime.datetime,
        gmt_offset: int,
        relative: bool,
        shorter: bool,
        full_format: bool,
    ) -> str:
        if date > now:
            if relative and (date - now).total_seconds() < 60:
                date = now  # two clocks that disagree a little, not the future
            else:
                full_format = True
        offset = datetime.timedelta(minutes=gmt_offset)
        if full_format:
            message = whole_date(shorter=shorter)
        elif relative and (now - date).days == 0:
            one, many, count = elapsed((now - date).total_seconds())
            text = self.translate(one, many, count)
            return text % {"seconds": count, "minutes": count, "hours": count}
        else:
            message = message_for(date, now, offset, relative=relative, shorter=shorter)
        return self.translate(message) % self._fields(date - offset)

    def format_day(self, date: datetime.datetime, gmt_offset: int = 0, dow: bool = True) -> str:
        """Return the day of a date: ``"Monday, January 22"``.

        Args:
            date: The date, in UTC.
            gmt_offset: Minutes by which the reader's clock is behind UTC.
            dow: Whether to say the day of the week.
        """
        message = "%(weekday)s, %(month_name)s %(day)s" if dow else "%(month_name)s %(day)s"
        local = date - datetime.timedelta(minutes=gmt_offset)
        return self.translate(message) % {
            "weekday": self._weekdays[local.weekday()],
            "month_name": self._months[local.month - 1],
            "day": str(local.day),
        }

    def list(self, parts: Sequence[str]) -> str:
        """Return parts as one text: ``"A, B and C"``.

        Args:
            parts: Any number of them; without any the text is empty.
        """
        if len(parts) < 2:
            return "".join(parts)
        comma = " \u0648 " if self.code.startswith("fa") else ", "
        text = self.translate("%(commas)s and %(last)s")
        return text % {"commas": comma.join(parts[:-1]), "last": parts[-1]}

    def friendly_number(self, value: int) -> str:
        """Return a number, in English with commas between the thousands, else as it is."""
        return f"{value:,}" if self.code in ("en", "en_US") else str(value)

    def _fields(self, date: datetime.datetime) -> dict[str, str]:
        return {
            "time": time_of_day(date, self._clock),
            "weekday": self._weekdays[date.weekday()],
            "month_name": self._months[date.month - 1],
            "day": str(date.day),
            "year": str(date.year),
        }


class CSVLocale(Locale):
    """A language whose messages come from ``load_translations``.

    Args:
        code: Its code.
        translations: Dicts of messages under ``"unknown"``, ``"singular"`` and ``"plural"``.

    Attributes:
        translations: As given.
    """

    def __init__(self, code: str, translations: dict[str, dict[str, str]]) -> None:
        self.translations = translations
        super().__init__(code)

    def _find(self, kind: str, message: str) -> str:
        known = self.translations.get(kind)
        return message if known is None else known.get(message, message)

    def translate(
        self, message: str, plural_message: str | None = None, count: int | None = None
    ) -> str:
        if plural_message is None:
            return self._find("unknown", message)
        if _count(count) == 1:
            return self._find("singular", message)
        return self._find("plural", plural_message)

    def pgettext(
        self,
        context: str,
        message: str,
        plural_message: str | None = None,
        count: int | None = None,
    ) -> str:
        if self.translations:
            gen_log.warning("pgettext is not supported by CSVLocale")
        return self.translate(message, plural_message, count)


class GettextLocale(Locale):
    """A language whose messages come from ``load_gettext_translations``.

    Args:
        code: Its code.
        translations: What ``gettext.translation`` returned.

    Attributes:
        gettext: Looks up one message.
        ngettext: Looks up a message for a number.
    """

    def __init__(self, code: str, translations: gettext.NullTranslations) -> None:
        self.gettext = translations.gettext
        self.ngettext = translations.ngettext
        super().__init__(code)

    def translate(
        self, message: str, plural_message: str | None = None, count: int | None = None
    ) -> str:
        if plural_message is not None:
            return self.ngettext(message, plural_message, _count(count))
        return self.gettext(message)

    def pgettext(
        self,
        context: str,
        message: str,
        plural_message: str | None = None,
        count: int | None = None,
    ) -> str:
        """As ``Locale.pgettext``; without a translation for the context, that without one."""
        prefix = context + CONTEXT_SEPARATOR
        if plural_message is not None:
            found = self.ngettext(prefix + message, prefix + plural_message, _count(count))
        else:
            found = self.gettext(prefix + message)
        if found.startswith(prefix):
            return self.translate(message, plural_message, count)
        return found


def _count(count: int | None) -> int:
    if count is None:
        raise AssertionError("plural_message needs count, the number that decides")
    return count
