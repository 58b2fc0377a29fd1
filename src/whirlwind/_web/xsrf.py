"""Tokens against cross-site request forgery: reading, masking and comparing them.

Layer: web. Imports from ``_base``.

Theory of operation
-------------------
A site that is not ours can make a browser send our cookies, but not read them. So a request that
changes things repeats in a form field or header what its cookie says; what is compared is the
token inside of both.

A page that shows the same secret each time, compressed, beside something that a stranger may
choose, gives it away by its length (BREACH). Hence version 2: ``2|mask|masked token|timestamp``,
with a mask of four bytes that is new for each answer. Version 1 is the token in hexadecimal, as it
is; a cookie of either version is understood, and text that is no hexadecimal is a token of its
own bytes, which programs rely on that set the cookie by themselves.
"""

from __future__ import annotations

import binascii
import hmac
import re
from typing import Final, TypeAlias

from whirlwind._base.escape import utf8
from whirlwind._base.late_pattern import late_pattern
from whirlwind._base.websocket_mask import websocket_mask

#: Version of the cookie, token, and when it was made; all None for a cookie that is no token.
DecodedToken: TypeAlias = tuple[int | None, bytes | None, float | None]

TOKEN_SIZE: Final = 16
MASK_SIZE: Final = 4

_VERSIONED: Final = late_pattern(r"[1-9][0-9]{0,2}\|")
_VERSION_2: Final = late_pattern(
    r"2\|([0-9a-fA-F]{8})\|((?:[0-9a-fA-F]{2})*)\|([0-9]{1,15})", re.ASCII
)


def decode_token(text: str, now: int) -> DecodedToken:
    """Read what a cookie, a form field or a header says.

    Args:
        text: What was sent.
        now: Seconds since 1970, for a token of version 1, which does not say when it was made.

    Returns:
        Version, token and time. Nothing is raised for what is no token.
    """
    if _VERSIONED().match(text) is None:
        try:
            token = binascii.unhexlify(utf8(text))
        except ValueError:
            token = text.encode("utf-8", "surrogatepass")
        return 1, token, now
    match = _VERSION_2().fullmatch(text)
    if match is None:
        return None, None, None
    token = websocket_mask(bytes.fromhex(match[1]), bytes.fromhex(match[2]))
    return 2, token, int(match[3])


def encode_token(version: int, token: bytes, timestamp: float, mask: bytes) -> bytes:
    """Write a token for a cookie or a form.

    Args:
        version: 1 or 2.
        token: The token.
        timestamp: When it was made, in seconds since 1970.
        mask: Four random bytes, other ones each time.

    Raises:
        ValueError: There is no such version.
    """
    if version == 1:
        return binascii.hexlify(token)
    if version == 2:
        masked = binascii.hexlify(websocket_mask(mask, token))
        return b"|".join([b"2", binascii.hexlify(mask), masked, b"%d" % int(timestamp)])
    raise ValueError(f"xsrf_cookie_version is {version!r}: expected 1 or 2")


def token_refusal(given: bytes | None, expected: bytes) -> str | None:
    """Return why a request's token is not the one of its cookie, or None if it is.

    Args:
        given: The token of the form field or header, None for what was none.
        expected: The token of the cookie.
    """
    if not given:
        return "'_xsrf' argument has invalid format"
    if not hmac.compare_digest(given, expected):
        return "XSRF cookie does not match POST argument"
    return None
