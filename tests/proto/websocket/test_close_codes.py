"""Close frames' payloads."""

from __future__ import annotations

import pytest

from whirlwind._base.errors import RemoteProtocolError
from whirlwind._proto.websocket.close_codes import encode_close, may_be_sent, parse_close


def test_which_codes_may_be_sent() -> None:
    allowed = [code for code in range(70_000) if may_be_sent(code)]
    assert allowed == [1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)]


@pytest.mark.parametrize(
    ("code", "reason", "payload"),
    [
        (None, None, b""),
        (None, "why", b"\x03\xe8why"),
        (1001, None, b"\x03\xe9"),
        (4999, "Grüße", b"\x13\x87" + "Grüße".encode()),
        (1000, "x" * 123, b"\x03\xe8" + b"x" * 123),
    ],
)
def test_what_is_encoded_can_be_parsed(
    code: int | None, reason: str | None, payload: bytes
) -> None:
    assert encode_close(code, reason) == payload
    assert parse_close(payload) == (1000 if code is None and reason else code, reason)


@pytest.mark.parametrize(
    ("payload", "code"), [(b"\x03", 1002), (b"\x03\xed", 1002), (b"\x03\xe8\xc3", 1007)]
)
def test_security_a_payload_that_breaks_the_rules_is_refused(payload: bytes, code: int) -> None:
    """Rule 14: UTF-8 strict, codes validated."""
    with pytest.raises(RemoteProtocolError) as caught:
        parse_close(payload)
    assert caught.value.close_code == code
