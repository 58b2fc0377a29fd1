"""Translations from files."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from tests.conftest import LogWatch

from whirlwind import locale

LINES = '"school","école"\n'


def catalogue_file(messages: dict[str, str]) -> bytes:
    """A compiled catalogue. Source: GNU gettext manual, section 10.3."""
    messages = {"": "Content-Type: text/plain; charset=UTF-8\n", **messages}
    keys = sorted(messages)
    texts = [key.encode() for key in keys] + [messages[key].encode() for key in keys]
    at = 28 + 8 * len(texts)
    table = b""
    for text in texts:
        table += struct.pack("<II", len(text), at)
        at += len(text) + 1
    size = len(keys)
    head = struct.pack("<IIIIIII", 0x950412DE, 0, size, 28, 28 + 8 * size, 0, 0)
    return head + table + b"".join(text + b"\0" for text in texts)


@pytest.mark.parametrize(
    ("saved_in", "encoding"),
    [("utf-8", None), ("utf-8-sig", None), ("utf-16", None), ("latin-1", "latin-1")],
)
def test_the_encoding_is_found_or_said(saved_in: str, encoding: str | None, tmp_path: Path) -> None:
    (tmp_path / "fr_FR.csv").write_bytes(LINES.encode(saved_in))
    locale.load_translations(str(tmp_path), encoding)
    assert locale.get("fr_FR").translate("school") == "école"
    assert set(locale.get_supported_locales()) == {"fr_FR", "en_US"}


def test_another_encoding_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "fr_FR.csv").write_bytes(LINES.encode("latin-1"))
    with pytest.raises(UnicodeDecodeError):
        locale.load_translations(str(tmp_path))


def test_a_line_says_which_form_it_is(tmp_path: Path, logs: LogWatch) -> None:
    (tmp_path / "es.csv").write_text(
        'a,b\n" c "," d "\n\nalone\n'
        "%d cats,%d gatos,plural\n%d cat,%d gato,singular\nx,y,\nv,w,some\n"
    )
    with logs.expect("whirlwind.general", "plural indicator 'some' in es.csv line 8"):
        locale.load_translations(str(tmp_path))
    spanish = locale.get("es")
    assert [spanish.translate(message) for message in "acxv"] == ["b", "d", "y", "v"]
    assert spanish.translate("%d cat", "%d cats", 2) == "%d gatos"


def test_a_file_whose_name_is_no_code_is_left_out(tmp_path: Path, logs: LogWatch) -> None:
    for name in ("es.csv", "fr_fr.csv", "zh_Hans.csv", "README", "notes.txt"):
        (tmp_path / name).write_text(LINES, encoding="utf-8")
    with logs.expect("whirlwind.general", r"Unrecognized locale '(fr_fr|zh_Hans)'", count=2):
        locale.load_translations(str(tmp_path))
    assert set(locale.get_supported_locales()) == {"es", "en_US"}


def test_loading_replaces_what_was_loaded(tmp_path: Path) -> None:
    (tmp_path / "es.csv").write_text("a,b\n")
    locale.load_translations(str(tmp_path))
    assert locale.get("es").translate("a") == "b"
    (tmp_path / "es.csv").write_text("a,c\n")
    locale.load_translations(str(tmp_path))
    assert locale.get("es").translate("a") == "c"


def test_gettext_catalogues_are_loaded(tmp_path: Path, logs: LogWatch) -> None:
    for code, content in {
        "de": catalogue_file({"school": "Schule", "sport\x04bat": "Schläger"}),
        "fr_FR": catalogue_file({"school": "école"}),
        "it": b"no catalogue",
    }.items():
        (tmp_path / code / "LC_MESSAGES").mkdir(parents=True)
        (tmp_path / code / "LC_MESSAGES" / "shop.mo").write_bytes(content)
    (tmp_path / "es" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "file").touch()
    with logs.expect("whirlwind.general", "Cannot load translation for 'it'"):
        locale.load_gettext_translations(str(tmp_path), "shop")
    assert set(locale.get_supported_locales()) == {"de", "fr_FR", "en_US"}
    german = locale.get("de-DE")
    assert isinstance(german, locale.GettextLocale)
    assert german.translate("school") == "Schule"
    assert german.pgettext("sport", "bat") == "Schläger"
    assert isinstance(locale.get("en"), locale.CSVLocale)


def test_the_private_names_of_tornado_are_there_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "es.csv").write_text("a,b\n")
    locale.load_translations(str(tmp_path))
    assert locale._translations == {"es": {"unknown": {"a": "b"}}}
    assert locale._supported_locales == {"es", "en_US"}
    assert (locale._default_locale, locale._use_gettext) == ("en_US", False)
    with pytest.raises(AttributeError, match="no attribute '_nothing'"):
        _ = locale._nothing


def test_a_locale_is_made_once_until_others_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "fr_FR.csv").write_text(LINES, encoding="utf-8")
    locale.load_translations(str(tmp_path))
    french = locale.get("fr_FR")
    assert locale.get("fr_FR") is french
    locale.Locale._cache = {}  # as programs do between their tests
    another = locale.get("fr_FR")
    assert another is not french
    locale.load_translations(str(tmp_path))
    assert locale.get("fr_FR") is not another
    del locale.Locale._cache  # as they do that were written for Tornado 5
    assert locale.get("fr_FR") is locale.get("fr_FR")
    del locale.Locale._cache
    locale.load_translations(str(tmp_path))
    assert locale.get("fr_FR") is locale.get("fr_FR")
