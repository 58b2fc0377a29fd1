"""The opening handshake's fields."""

from __future__ import annotations

import pytest

from whirlwind._base.errors import RemoteProtocolError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.websocket.handshake import (
    accept_value,
    asks_for_upgrade,
    asks_for_websocket,
    check_response,
    is_complete_request,
    is_key,
    tokens,
)

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_the_example_of_rfc_6455_section_1_3() -> None:
    assert accept_value(KEY) == accept_value(KEY.encode()) == ACCEPT


@pytest.mark.parametrize(
    ("key", "valid"),
    [
        (KEY, True),
        (None, False),
        ("", False),
        ("abc", False),
        ("dGhlIHNhbXBsZSBub25jZQ", False),
        ("dGhlIHNhbXBsZSBub25jZSE=", False),
        ("dGhlIHNhbXBsZSBub25jZ\n==", False),
        ("dGhlIHNhbXBsZSBub25jZQ=ü", False),
    ],
)
def test_a_key_stands_for_sixteen_bytes(key: str | None, valid: bool) -> None:
    assert is_key(key) is valid


def test_fields_are_lists_whose_case_does_not_matter() -> None:
    headers = HTTPHeaders({"Upgrade": "foo, WebSocket", "Connection": "keep-alive, UPGRADE"})
    assert asks_for_websocket(headers)
    assert asks_for_upgrade(headers)
    assert not asks_for_websocket(HTTPHeaders({"Upgrade": "websockets"}))
    assert not asks_for_upgrade(HTTPHeaders({"Connection": "x-upgrade"}))
    assert tokens(" a,, b ,") == ["a", "b"]
    assert tokens(None) == []


@pytest.mark.parametrize(
    "change",
    [
        {"Host": None},
        {"Sec-WebSocket-Key": None},
        {"Sec-WebSocket-Key": "abc"},
        {"Sec-WebSocket-Version": "8"},
        {"Content-Length": "5"},
        {"Transfer-Encoding": "chunked"},
    ],
    ids=str,
)
def test_security_a_request_that_is_not_whole_is_refused(change: dict[str, str | None]) -> None:
    """Rule 2: no byte after the upgrade is read as HTTP; one with a body could be read two ways."""
    fields = {"Host": "a", "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13"}
    assert is_complete_request(HTTPHeaders(fields))
    assert is_complete_request(HTTPHeaders({**fields, "Content-Length": "0"}))
    changed = {name: value for name, value in {**fields, **change}.items() if value is not None}
    assert not is_complete_request(HTTPHeaders(changed))


@pytest.mark.parametrize(
    "change",
    [
        {"Upgrade": None},
        {"Upgrade": "websocket, foo"},
        {"Connection": "close"},
        {"Sec-WebSocket-Accept": None},
        {"Sec-WebSocket-Accept": ACCEPT[:-2] + "A="},
        {"Sec-WebSocket-Protocol": "other"},
        {"Sec-WebSocket-Protocol": "one, two"},
    ],
    ids=str,
)
def test_security_an_answer_that_is_not_to_our_request_is_refused(
    change: dict[str, str | None],
) -> None:
    """RFC 6455, section 4.1: else another server's answer could pass for a WebSocket's."""
    fields = {
        "Upgrade": "WebSocket",
        "Connection": "keep-alive, Upgrade",
        "Sec-WebSocket-Accept": ACCEPT,
        "Sec-WebSocket-Protocol": "two",
    }
    asked = ["one", "two"]
    assert check_response(HTTPHeaders(fields), key=KEY, subprotocols=asked) == "two"
    changed = {name: value for name, value in {**fields, **change}.items() if value is not None}
    with pytest.raises(RemoteProtocolError):
        check_response(HTTPHeaders(changed), key=KEY, subprotocols=asked)


def test_a_subprotocol_need_not_be_chosen() -> None:
    fields = {"Upgrade": "websocket", "Connection": "upgrade", "Sec-WebSocket-Accept": ACCEPT}
    assert check_response(HTTPHeaders(fields), key=KEY, subprotocols=None) is None
