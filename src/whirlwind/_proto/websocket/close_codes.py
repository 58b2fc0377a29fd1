"""What a close frame says: a status code and a reason (RFC 6455, sections 5.5.1 and 7.4).

Layer: protocols. Imports from ``_base`` only.
"""

from __future__ import annotations

from typing import Final

from whirlwind._base.errors import RemoteProtocolError

NORMAL: Final = 1000
GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
INVALID_DATA: Final = 1007
MESSAGE_TOO_BIG: Final = 1009

# Two bytes of a control frame's 125 hold the code.
MAX_REASON: Final = 123
# Those of RFC 6455, section 7.4.1, and of IANA's registry since (1012 to 1014), but for the ones
# that stand for something that no frame says: 1005 no code, 1006 no close frame, 1015 no TLS.
_REGISTERED: Final = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})


def may_be_sent(code: int) -> bool:
    """True for a code that may stand in a close frame.

    Source: RFC 6455, section 7.4: registered ones, and 3000 to 4999 for libraries and programs.
    """
    return code in _REGISTERED or 3000 <= code <= 4999


def parse_close(payload: bytes) -> tuple[int | None, str | None]:
    """Read the payload of a close frame.

    Args:
        payload: 0 to 125 bytes, unmasked.

    Returns:
        Code and reason; None for what is not there.

    Raises:
        RemoteProtocolError: A lone byte or a code that may not be sent (``close_code`` 1002), or
            a reason that is not UTF-8 (1007).
    """
    if not payload:
        return None, None
    if len(payload) == 1:
        raise RemoteProtocolError("close frame with half a code", close_code=PROTOCOL_ERROR)
    code = int.from_bytes(payload[:2], "big")
    if not may_be_sent(code):
        raise RemoteProtocolError(f"close frame with code {code}", close_code=PROTOCOL_ERROR)
    try:
        reason = payload[2:].decode("utf-8")
    except UnicodeDecodeError as error:
        raise RemoteProtocolError(
            f"reason of a close frame is not UTF-8: {payload[2:42]!r}", close_code=INVALID_DATA
        ) from error
    return code, reason or None


def encode_close(code: int | None, reason: str | bytes | None) -> bytes:
    """Write the payload of a close frame.

    Args:
        code: A code that may be sent; None for none, or for 1000 if there is a reason.
        reason: At most 123 bytes of UTF-8; None for none.

    Raises:
        ValueError: The code may not be sent, or the reason is too long.
    """
    if code is None:
        if not reason:
            return b""
        code = NORMAL
    if not may_be_sent(code):
        raise ValueError(
            f"close code {code} may not be sent: expected 1000 to 1003, 1007 to 1014 "
            "or 3000 to 4999 (RFC 6455, section 7.4)"
        )
    text = reason.encode() if isinstance(reason, str) else reason or b""
    if len(text) > MAX_REASON:
        raise ValueError(f"close reason has {len(text)} bytes of UTF-8: at most {MAX_REASON}")
    return code.to_bytes(2, "big") + text
