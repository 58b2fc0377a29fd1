"""Languages: translated messages, and dates and numbers as people write them.

Door: names only. They come from the room ``_web/locale/``.
"""

from typing import Any

from whirlwind._base.publish import publish
from whirlwind._web.locale.loading import (
    get,
    get_supported_locales,
    load_gettext_translations,
    load_translations,
    loaded,
    set_default_locale,
)
from whirlwind._web.locale.locales import CONTEXT_SEPARATOR, CSVLocale, GettextLocale, Locale
from whirlwind._web.locale.names import LOCALE_NAMES

__all__ = [
    "CONTEXT_SEPARATOR",
    "CSVLocale",
    "GettextLocale",
    "LOCALE_NAMES",
    "Locale",
    "get",
    "get_supported_locales",
    "load_gettext_translations",
    "load_translations",
    "set_default_locale",
]


def __getattr__(name: str) -> Any:
    return loaded(name)  # private names that tests of programs save and look at


publish(__name__, globals())
