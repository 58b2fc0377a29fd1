"""One object for each language."""

from __future__ import annotations

import datetime
import gettext

import pytest
from tests.conftest import LogWatch

from whirlwind._web.locale.locales import CATALOGUE
from whirlwind.locale import (
    CONTEXT_SEPARATOR,
    LOCALE_NAMES,
    CSVLocale,
    GettextLocale,
    Locale,
    get,
    set_default_locale,
)

FRENCH = {
    "unknown": {
        "school": "école",
        "January": "janvier",
        "%(month_name)s %(day)s, %(year)s at %(time)s": (
            "le %(day)s %(month_name)s %(year)s, %(time)s"
        ),
        "%(commas)s and %(last)s": "%(commas)s et %(last)s",
    },
    "singular": {"%(n)d cat": "%(n)d chat"},
    "plural": {"%(n)d cats": "%(n)d chats"},
}


class Catalogued(gettext.NullTranslations):
    """Messages as a compiled catalogue holds them."""

    messages = {
        "bat": "Fledermaus",
        f"sport{CONTEXT_SEPARATOR}bat": "Schläger",
        "cat": "Katze",
        f"animal{CONTEXT_SEPARATOR}cat": "Kater",
        f"animal{CONTEXT_SEPARATOR}cats": "Kater (viele)",
        "cats": "Katzen",
    }

    def gettext(self, message: str) -> str:
        return self.messages.get(message, message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (("pt-br",), "pt_BR"),
        (("PT_br", "fr"), "pt_BR"),
        (("xx", "fr-CA"), "fr"),
        (("pt",), "en_US"),
        (("zh_Hans_CN", "fr"), "fr"),
        (("fr_",), "fr"),
        (("", None, "_", "-fr"), "en_US"),
        ((), "en_US"),
    ],
)
def test_the_first_language_that_is_there_is_chosen(
    asked: tuple[str | None, ...], found: str
) -> None:
    CATALOGUE.replace({"pt_BR": {}, "fr": {}}, from_gettext=False)
    assert get(*asked).code == Locale.get_closest(*asked).code == found


def test_a_locale_is_made_once_until_others_are_loaded() -> None:
    before = get("fr")
    CATALOGUE.replace({"fr": FRENCH}, from_gettext=False)
    first = get("fr")
    assert before.code == "en_US"
    assert get("fr-FR") is first is Locale.get("fr")
    CATALOGUE.replace({"fr": {}}, from_gettext=False)
    assert get("fr") is not first
    assert first.translate("school") == "école"


def test_get_takes_only_what_is_there() -> None:
    with pytest.raises(AssertionError, match="no translations for 'xx'"):
        Locale.get("xx")


def test_the_default_language_needs_no_translations() -> None:
    set_default_locale("de")
    assert get("xx").code == "de"


def test_messages_from_csv() -> None:
    french = CSVLocale("fr_FR", FRENCH)
    assert french.translate("school") == "école"
    assert french.translate("house") == "house"
    assert french.translate("%(n)d cat", "%(n)d cats", 1) == "%(n)d chat"
    assert french.translate("%(n)d cat", "%(n)d cats", 0) == "%(n)d chats"
    assert french.translate("%(n)d dog", "%(n)d dogs", 2) == "%(n)d dogs"
    with pytest.raises(AssertionError, match="needs count"):
        french.translate("a", "b")


def test_contexts_are_for_gettext(logs: LogWatch) -> None:
    with logs.expect("whirlwind.general", "pgettext is not supported by CSVLocale"):
        assert CSVLocale("fr_FR", FRENCH).pgettext("building", "school") == "école"
    assert CSVLocale("en_US", {}).pgettext("building", "a", "b", 2) == "b"


def test_messages_from_gettext() -> None:
    german = GettextLocale("de", Catalogued())
    assert german.translate("cat", "cats", 2) == "Katzen"
    assert german.pgettext("sport", "bat") == "Schläger"
    assert german.pgettext("animal", "bat") == "Fledermaus"
    assert german.pgettext("animal", "dog") == "dog"
    assert german.pgettext("animal", "cat", "cats", 1) == "Kater"
    assert german.pgettext("animal", "cat", "cats", 2) == "Kater (viele)"
    assert german.pgettext("pet", "cat", "cats", 2) == "Katzen"


def test_dates_lists_and_numbers_are_translated() -> None:
    french = CSVLocale("fr_FR", FRENCH)
    assert french.format_date(datetime.datetime(2020, 1, 2, 3, 4)) == "le 2 janvier 2020, 3:04"
    assert french.format_date(0) == "le 1 janvier 1970, 0:00"
    assert french.format_day(datetime.datetime(2020, 1, 2)) == "Thursday, janvier 2"
    assert french.format_day(datetime.datetime(2020, 1, 2), 60, dow=False) == "janvier 1"
    assert french.list(["a", "b", "c"]) == "a, b et c"
    assert [french.list([]), french.list(["a"])] == ["", "a"]
    assert french.friendly_number(1234567) == "1234567"
    assert CSVLocale("en", {}).friendly_number(-1234567) == "-1,234,567"
    assert CSVLocale("fa_IR", {}).list(["a", "b", "c"]) == "a و b and c"


@pytest.mark.parametrize(
    ("code", "name", "rtl"),
    [("de_DE", "Deutsch", False), ("he_IL", "עברית", True), ("ar", "Unknown", True)],
)
def test_a_locale_knows_its_name_and_its_direction(code: str, name: str, rtl: bool) -> None:
    locale = CSVLocale(code, {})
    assert (locale.name, locale.rtl) == (name, rtl)


def test_every_name_in_the_table_is_there_in_both_forms() -> None:
    assert len(LOCALE_NAMES) == 62
    assert all(names["name"] and names["name_en"] for names in LOCALE_NAMES.values())
    assert LOCALE_NAMES["zh_TW"] == {"name_en": "Chinese (Traditional)", "name": "中文(繁體)"}


def test_a_bare_locale_has_no_messages() -> None:
    with pytest.raises(NotImplementedError):
        Locale("en")
