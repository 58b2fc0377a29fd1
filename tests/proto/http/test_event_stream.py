"""Events as lines: what a reader makes of them is what was sent."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whirlwind._proto.http.event_stream import encode_comment, encode_event


@dataclass
class Reader:
    """What WHATWG HTML, section 9.2.6, makes of a whole stream."""

    last_id: str = ""
    retry: int | None = None

    def read(self, wire: bytes) -> list[tuple[str, str, str]]:
        """Return type, data and id of each event that would be shown to listeners."""
        lines = wire.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")
        shown, kind, data = [], "", ""
        for line in lines[:-1]:
            if not line:
                if data:
                    shown.append((kind or "message", data.removesuffix("\n"), self.last_id))
                kind = data = ""
                continue
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                data += value + "\n"
            elif name == "event":
                kind = value
            elif name == "id" and "\0" not in value:
                self.last_id = value
            elif name == "retry" and value.isascii() and value.isdigit():
                self.retry = int(value)
        return shown


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ("one", b"data: one\n\n"),
        ("", b"data: \n\n"),
        ("a\nb", b"data: a\ndata: b\n\n"),
        ("a\r\nb\rc", b"data: a\ndata: b\ndata: c\n\n"),
        ("a\n", b"data: a\ndata: \n\n"),
        (" a", b"data:  a\n\n"),
        ("a\x0b\x0c\x1c\x85\u2028b", "data: a\x0b\x0c\x1c\x85\u2028b\n\n".encode()),
        (None, b"\n"),
    ],
)
def test_data_is_cut_at_line_ends_and_nowhere_else(data: str | None, lines: bytes) -> None:
    assert encode_event(data) == lines


def test_all_fields_go_out_and_the_data_last() -> None:
    wire = encode_event("x", event="tick", id="7", retry=1500)
    assert wire == b"event: tick\nid: 7\nretry: 1500\ndata: x\n\n"
    assert encode_event(id="") == b"id: \n\n"
    assert encode_event(retry=0) == b"retry: 0\n\n"


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "\r\n", "x\ndata: forged"])
def test_rule_4_no_value_can_begin_another_line(text: str) -> None:
    with pytest.raises(ValueError, match="line end"):
        encode_event("", event=text)
    with pytest.raises(ValueError, match="line end"):
        encode_event("", id=text)


def test_what_a_reader_would_ignore_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        encode_event("", id="a\0b")
    with pytest.raises(ValueError, match="milliseconds"):
        encode_event("", retry=-1)
    with pytest.raises(ValueError, match="surrogates"):
        encode_event("\ud800")


def test_comments_are_not_seen() -> None:
    assert encode_comment() == b":\n\n"
    assert encode_comment("a\r\n\nb") == b": a\n:\n: b\n\n"
    assert Reader().read(encode_comment("data: x\ndata: y") + encode_event("z"))[0][1] == "z"


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
WORD = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=8)


@given(st.lists(st.tuples(TEXT, WORD, WORD), max_size=4))
def test_a_reader_gets_what_was_sent(events: list[tuple[str, str, str]]) -> None:
    wire = b"".join(encode_event(data, event=kind, id=id) for data, kind, id in events)
    assert Reader().read(wire) == [
        (kind or "message", data.replace("\r\n", "\n").replace("\r", "\n"), id)
        for data, kind, id in events
    ]
