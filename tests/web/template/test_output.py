"""What becomes of the values of expressions."""

from __future__ import annotations

from typing import Any

import pytest

from whirlwind._base.escape import xhtml_escape
from whirlwind._web.template.output import escaped, raw


class Text(str):
    """A subclass, for which no short way may be taken."""

    def __str__(self) -> str:
        return "never asked"


@pytest.mark.parametrize(
    ("value", "page"),
    [
        ("<é'\">&", "&lt;é&#x27;&quot;&gt;&amp;"),
        ("<é>".encode(), "&lt;é&gt;"),
        (Text("<b>"), "&lt;b&gt;"),
        (-12, "-12"),
        (True, "True"),
        (1.5, "1.5"),
        (None, "None"),
        (["<"], "[&#x27;&lt;&#x27;]"),
    ],
)
def test_a_value_of_any_type_is_escaped(value: Any, page: str) -> None:
    assert escaped(xhtml_escape, value) == page.encode()
    assert xhtml_escape(raw(value)) == page  # the short ways lead where the long one does


def test_a_function_of_ones_own_receives_bytes_and_returns_either() -> None:
    seen = []

    def own(text: bytes) -> str:
        seen.append(text)
        return "é"

    assert escaped(own, "a") == "é".encode()
    assert escaped(lambda text: b"\xff", 5) == b"\xff"
    assert seen == [b"a"]


def test_raw_leaves_everything_as_it_is() -> None:
    assert [raw("<é>"), raw(b"\xff"), raw(3)] == ["<é>".encode(), b"\xff", b"3"]
