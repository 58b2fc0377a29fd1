"""The agreement about compression."""

from __future__ import annotations

from typing import Any

import pytest

from whirlwind._base.errors import RemoteProtocolError
from whirlwind._base.limits import MAX_WEBSOCKET_OFFERS
from whirlwind._proto.websocket.extensions import (
    Agreement,
    accept_offer,
    check_answer,
    offer,
    parse_extensions,
)

BITS = "server_max_window_bits=10"


def test_the_field_is_taken_apart() -> None:
    assert parse_extensions('foo, bar; a; b=1 ; c = "x" ,permessage-deflate') == [
        ("foo", []),
        ("bar", [("a", None), ("b", "1"), ("c", "x")]),
        ("permessage-deflate", []),
    ]
    assert parse_extensions("") == []


@pytest.mark.parametrize(
    "text",
    ["foo;", "foo,", ";foo", "foo=1", "foo; a=", 'foo; a="b', "foo; a b", "f(o", 'foo; a="b c"'],
)
def test_what_breaks_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_extensions(text)


def test_security_offers_have_a_limit() -> None:
    """Rule 5: every quantity has a default limit."""
    assert len(parse_extensions(",".join(["x"] * MAX_WEBSOCKET_OFFERS))) == MAX_WEBSOCKET_OFFERS
    with pytest.raises(RemoteProtocolError, match="MAX_WEBSOCKET_OFFERS"):
        parse_extensions(",".join(["x"] * (MAX_WEBSOCKET_OFFERS + 1)))


@pytest.mark.parametrize(
    ("offered", "answer"),
    [
        ("permessage-deflate", "permessage-deflate"),
        ("permessage-deflate; client_max_window_bits", "permessage-deflate"),
        (
            "permessage-deflate; client_max_window_bits=10; server_max_window_bits=9",
            "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10",
        ),
        (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        ),
        (
            'permessage-deflate; server_max_window_bits="12"',
            "permessage-deflate; server_max_window_bits=12",
        ),
        (
            "permessage-deflate; client_max_window_bits=8",
            "permessage-deflate; client_max_window_bits=8",
        ),
        # passed over, for the next one or for none
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate", "permessage-deflate"),
        ("permessage-deflate; unknown, permessage-deflate", "permessage-deflate"),
        ("x-webkit-deflate-frame", None),
        ("permessage-deflate; server_max_window_bits", None),
        ("permessage-deflate; server_max_window_bits=16", None),
        ("permessage-deflate; server_max_window_bits=09", None),
        ("permessage-deflate; client_max_window_bits=7", None),
        ("permessage-deflate; server_no_context_takeover=1", None),
        ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", None),
    ],
)
def test_a_server_takes_the_first_offer_that_it_can_keep(offered: str, answer: str | None) -> None:
    agreement = accept_offer(parse_extensions(offered), {})
    assert (None if agreement is None else str(agreement)) == answer
    if agreement is not None:
        check_answer(str(agreement), {})


def test_a_server_may_want_less_memory_than_the_client_offers() -> None:
    options = {"server_no_context_takeover": True, "client_no_context_takeover": True}
    agreement = accept_offer(parse_extensions("permessage-deflate"), options)
    assert agreement == Agreement(True, True)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "permessage-deflate; client_max_window_bits"),
        (
            {"server_no_context_takeover": True, "server_max_window_bits": 10},
            f"permessage-deflate; server_no_context_takeover; {BITS}; client_max_window_bits",
        ),
        (
            {"client_no_context_takeover": True, "compression_level": 1},
            "permessage-deflate; client_no_context_takeover; client_max_window_bits",
        ),
    ],
)
def test_a_client_offers_what_its_options_say(options: dict[str, Any], text: str) -> None:
    assert offer(options) == text
    agreement = accept_offer(parse_extensions(text), {})
    assert agreement is not None
    assert check_answer(str(agreement), options) == agreement


@pytest.mark.parametrize(
    ("answer", "options"),
    [
        pytest.param("permessage-deflate", None, id="nothing offered"),
        pytest.param("foo", {}, id="another extension"),
        pytest.param("permessage-deflate, foo", {}, id="another one beside it"),
        pytest.param("permessage-deflate, permessage-deflate", {}, id="twice"),
        pytest.param("permessage-deflate; client_max_window_bits", {}, id="no number"),
        pytest.param("permessage-deflate; foo=1", {}, id="unknown parameter"),
        pytest.param("permessage-deflate; server_max_window_bits=7", {}, id="no such window"),
        pytest.param("permessage-deflate", {"server_max_window_bits": 10}, id="wider window"),
        pytest.param(
            "permessage-deflate", {"server_no_context_takeover": True}, id="takes context over"
        ),
        pytest.param("permessage-deflate;", {}, id="grammar"),
    ],
)
def test_security_an_answer_with_what_was_not_asked_for_is_refused(
    answer: str, options: dict[str, Any] | None
) -> None:
    """Rule 14: RSV only if negotiated, and negotiated means asked for; RFC 6455, 4.1."""
    with pytest.raises(RemoteProtocolError):
        check_answer(answer, options)


def test_no_answer_is_no_compression() -> None:
    assert check_answer(None, {}) is None
    assert accept_offer([], {}) is None


def test_each_side_compresses_as_the_other_expects() -> None:
    agreement = Agreement(True, False, 9, 10)
    data = bytes(range(256)) * 40
    for client in (True, False):
        compressor = agreement.compressor(client=client, options={})
        assert compressor is not None
        decompressor = agreement.decompressor(client=not client, max_message_size=len(data))
        for _ in range(3):
            assert decompressor.decompress(compressor.compress(data)) == data


def test_a_side_that_cannot_compress_so_little_sends_messages_as_they_are() -> None:
    agreement = Agreement(client_max_window_bits=8)
    assert agreement.compressor(client=True, options={}) is None
    assert agreement.compressor(client=False, options={}) is not None
