"""Reads translations from files.

Layer: web.
"""

from __future__ import annotations

import codecs
import csv
import gettext
import os
import re
from collections.abc import Iterable
from typing import Any, Final

from whirlwind._base.log import gen_log
from whirlwind._web.locale.locales import CATALOGUE, Locale

_CODE: Final = re.compile(r"[a-z]+(?:_[A-Z]+)?")
_KINDS: Final = ("plural", "singular", "unknown")

Messages = dict[str, dict[str, str]]


def get(*locale_codes: str | None) -> Locale:
    """Return the first language asked for that is there, else the default one.

    Args:
        *locale_codes: Codes in order of preference, as for ``Locale.get_closest``.
    """
    return Locale.get_closest(*locale_codes)


def set_default_locale(code: str) -> None:
    """Say which language the program's own messages are in.

    Args:
        code: Its code; ``"en_US"`` until this is called. It needs no translations.
    """
    CATALOGUE.set_default(code)


def get_supported_locales() -> Iterable[str]:
    """Return the codes of all languages that were loaded, and the default one."""
    return CATALOGUE.supported


def load_translations(directory: str, encoding: str | None = None) -> None:
    """Load a language from each ``CODE.csv`` of a directory, in place of what was loaded before.

    A line has a message, its translation, and optionally ``plural`` or ``singular``: which of the
    two forms of a message it is::

        "I love you","Te amo"
        "%(name)s liked this","A %(name)s le gustó esto","singular"

    A file whose name is no code, and a line whose third column is none of these, is logged and
    left out.

    Args:
        directory: Where the files are.
        encoding: Of all of them; None, the default, takes a byte order mark's word for UTF-16,
            and else UTF-8.

    Raises:
        OSError: A file cannot be read.
        UnicodeDecodeError: A file is in another encoding.
    """
    found: dict[str, Messages] = {}
    for name in sorted(os.listdir(directory)):
        code, extension = os.path.splitext(name)
        if extension != ".csv":
            continue
        path = os.path.join(directory, name)
        if not _CODE.fullmatch(code):
            gen_log.error("Unrecognized locale %r (path: %s)", code, path)
            continue
        with open(path, encoding=encoding or _encoding_of(path), newline="") as lines:
            found[code] = _read(csv.reader(lines), name)
    CATALOGUE.replace(found, from_gettext=False)


def _encoding_of(path: str) -> str:
    with open(path, "rb") as file:
        mark = file.read(2)
    return "utf-16" if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _read(rows: Iterable[list[str]], name: str) -> Messages:
    messages: Messages = {}
    for number, row in enumerate(rows, 1):
        if len(row) < 2:
            continue
        message, translation, *rest = (cell.strip() for cell in row)
        kind = rest[0] if rest and rest[0] else "unknown"
        if kind not in _KINDS:
            gen_log.error("Unrecognized plural indicator %r in %s line %d", kind[:40], name, number)
            continue
        messages.setdefault(kind, {})[message] = translation
    return messages


def load_gettext_translations(directory: str, domain: str) -> None:
    """Load a language from each ``CODE/LC_MESSAGES/DOMAIN.mo``, in place of what was loaded before.

    The files are made by ``msgfmt`` from what translators wrote. One that cannot be read is
    logged and left out.

    Args:
        directory: Where the languages' directories are.
        domain: Name of the files, usually the program's.

    Raises:
        OSError: The directory cannot be read.

    Source: GNU gettext manual, section 11.2.3 (layout of the directory).
    """
    found: dict[str, gettext.NullTranslations] = {}
    for code in sorted(os.listdir(directory)):
        path = os.path.join(directory, code, "LC_MESSAGES", f"{domain}.mo")
        if code.startswith(".") or not os.path.isfile(path):
            continue
        try:
            found[code] = gettext.translation(domain, directory, languages=[code])
        except Exception as error:  # a file that is not what its name says fails in many ways
            gen_log.error("Cannot load translation for %r: %s", code, error)
    CATALOGUE.replace(found, from_gettext=True)


def loaded(name: str) -> Any:
    """Return what Tornado keeps in a private name of its module, for those who look there.

    Args:
        name: ``"_translations"``, ``"_default_locale"``, ``"_supported_locales"`` or
            ``"_use_gettext"``.

    Raises:
        AttributeError: It is none of these.
    """
    state = {
        "_translations": CATALOGUE.translations,
        "_default_locale": CATALOGUE.default,
        "_supported_locales": CATALOGUE.supported,
        "_use_gettext": CATALOGUE.from_gettext,
    }
    if name not in state:
        raise AttributeError(f"module 'whirlwind.locale' has no attribute {name!r}")
    return state[name]
