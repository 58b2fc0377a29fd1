"""Signed values: what a client keeps for us and cannot change.

Layer: web. Imports from ``_base``.

Theory of operation
-------------------
The value is readable by the client; only changing it is prevented. Two formats, both of them
Tornado's, byte for byte, so that cookies outlive a move from one to the other:

1. ``value|timestamp|signature``: the value in base64, the signature HMAC-SHA1 over name, value
   and timestamp without anything between them. Bytes can therefore be moved from the value's end
   to the timestamp's start and the signature still fits; every digit that moves makes the
   timestamp larger, or gives it a leading zero. Hence the two checks that this format has beside
   that of its age: no leading zero, and not far in the future.
2. ``2|1:0|10:1300000000|3:key|8:dmFsdWU=|signature``: version, then key version, timestamp, name
   and value, each behind its length, and HMAC-SHA256 over all of that. Nothing can be moved.

Format 1 cannot begin with digits and a bar, for its base64 part is a multiple of four long: that
is how the two are told apart.

Whatever a client sends, the functions here return and never raise: a value that is not ours is no
value. The first thing that is compared is the signature, in constant time; what it covers is
trusted to be what one of our processes wrote.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from whirlwind._base.escape import utf8
from whirlwind._base.late_pattern import late_pattern
from whirlwind._base.log import gen_log

DEFAULT_SIGNED_VALUE_VERSION: Final = 2
DEFAULT_SIGNED_VALUE_MIN_VERSION: Final = 1
MIN_SUPPORTED_SIGNED_VALUE_VERSION: Final = 1
MAX_SUPPORTED_SIGNED_VALUE_VERSION: Final = 2

#: A secret, or secrets by key version, of which the newest signs and all are accepted.
Secret: TypeAlias = str | bytes | Mapping[int, str] | Mapping[int, bytes]

_DAY: Final = 86_400
# How far ahead a clock may be that wrote a value of format 1.
_FUTURE: Final = 31 * _DAY

_VERSION: Final = late_pattern(rb"([1-9][0-9]{0,2})\|")
# int() takes signs, blanks and underscores, and as many digits as there are.
_LENGTH: Final = late_pattern(rb"([0-9]{1,9}):")
_NUMBER: Final = late_pattern(rb"-?[0-9]{1,18}")


def create_signed_value(
    secret: Secret,
    name: str | bytes,
    value: str | bytes,
    version: int | None = None,
    clock: Callable[[], float] | None = None,
    key_version: int | None = None,
) -> bytes:
    """Sign a value, with its name and the time, for a client to keep.

    Handlers have ``set_signed_cookie``; this is for values on other ways.

    Args:
        secret: The secret; or secrets by key version, which format 2 alone knows.
        name: What the value is called; it is read back under this name only.
        value: Any bytes, or text.
        version: The format, 1 or 2; None for 2.
        clock: Returns seconds since 1970; None for ``time.time``.
        key_version: Which of several secrets signs.

    Returns:
        ASCII without white space, semicolons or quotes.

    Raises:
        ValueError: There is no such format.
        AssertionError: ``secret`` holds several, and ``version`` or ``key_version`` chooses none.
        KeyError: ``secret`` has no such key version.
    """
    if version is None:
        version = DEFAULT_SIGNED_VALUE_VERSION
    now = utf8(str(int((clock or time.time)())))
    encoded = base64.b64encode(utf8(value))
    if version == 1:
        if isinstance(secret, Mapping):
            raise AssertionError("secrets with versions need signed values of version 2")
        return b"|".join([encoded, now, _create_signature_v1(secret, name, encoded, now)])
    if version == 2:
        fields = [utf8(str(key_version or 0)), now, utf8(name), encoded]
        signed = b"2|" + b"".join(b"%d:%b|" % (len(field), field) for field in fields)
        if isinstance(secret, Mapping):
            if key_version is None:
                raise AssertionError("Key version must be set when sign key dict is used")
            secret = secret[key_version]
        return signed + _create_signature_v2(secret, signed)
    raise ValueError(f"Unsupported version {version!r}: expected 1 or 2")


def decode_signed_value(
    secret: Secret,
    name: str | bytes,
    value: str | bytes | None,
    max_age_days: float = 31,
    clock: Callable[[], float] | None = None,
    min_version: int | None = None,
) -> bytes | None:
    """Read a value that ``create_signed_value`` signed.

    Args:
        secret: The secret, or secrets by key version.
        name: The name that it was signed under.
        value: What the client sent; None for nothing.
        max_age_days: How old it may be, in days.
        clock: Returns seconds since 1970; None for ``time.time``.
        min_version: The oldest format to accept; None for 1.

    Returns:
        The value; None if there is none, or it is too old, or not signed by us under this name.

    Raises:
        ValueError: ``min_version`` is higher than any format.
    """
    if min_version is None:
        min_version = DEFAULT_SIGNED_VALUE_MIN_VERSION
    if min_version > MAX_SUPPORTED_SIGNED_VALUE_VERSION:
        raise ValueError(f"Unsupported min_version {min_version!r}: expected at most 2")
    sent = _octets(value)
    if not sent:
        return None
    version = _get_version(sent)
    if version < min_version:
        return None
    now = clock or time.time
    if version == 1:
        if isinstance(secret, Mapping):
            return None  # a client sends what it likes, which is no error of ours
        return _decode_signed_value_v1(secret, name, sent, max_age_days, now)
    if version == 2:
        return _decode_signed_value_v2(secret, name, sent, max_age_days, now)
    return None


def get_signature_key_version(value: str | bytes) -> int | None:
    """Return which of several secrets signed a value, as the value says; nothing is verified.

    Returns:
        The key version; None for format 1, and for what is no signed value.
    """
    sent = _octets(value)
    if not sent or _get_version(sent) != 2:
        return None
    try:
        return _decode_fields_v2(sent)[0]
    except ValueError:
        return None


def _octets(value: str | bytes | None) -> bytes | None:
    try:
        return utf8(value)
    except UnicodeEncodeError:  # lone surrogates, which no client can send as they are
        return None


def _get_version(value: bytes) -> int:
    match = _VERSION().match(value)
    return 1 if match is None else int(match[1])


def _create_signature_v1(secret: str | bytes, *parts: str | bytes) -> bytes:
    digest = hmac.new(utf8(secret), digestmod="sha1")
    for part in parts:
        digest.update(utf8(part))
    return digest.hexdigest().encode()


def _create_signature_v2(secret: str | bytes, s: bytes) -> bytes:
    return hmac.digest(utf8(secret), utf8(s), "sha256").hex().encode()


def _decode_signed_value_v1(
    secret: str | bytes,
    name: str | bytes,
    value: bytes,
    max_age_days: float,
    clock: Callable[[], float],
) -> bytes | None:
    parts = value.split(b"|", 3)
    if len(parts) != 3:
        return None
    encoded, stamp, given = parts
    if not hmac.compare_digest(given, _create_signature_v1(secret, name, encoded, stamp)):
        gen_log.warning("Invalid cookie signature %r", value[:40])
        return None
    timestamp = _number(stamp)
    if timestamp is None:
        return None
    now = clock()
    if timestamp < now - max_age_days * _DAY:
        gen_log.warning("Expired cookie %r", value[:40])
        return None
    if timestamp > now + _FUTURE:
        gen_log.warning("Cookie timestamp in future; possible tampering %r", value[:40])
        return None
    if stamp.startswith(b"0"):
        gen_log.warning("Tampered cookie %r", value[:40])
        return None
    return _unbase64(encoded)


def _decode_signed_value_v2(
    secret: Secret,
    name: str | bytes,
    value: bytes,
    max_age_days: float,
    clock: Callable[[], float],
) -> bytes | None:
    try:
        key_version, stamp, signed_name, encoded, given = _decode_fields_v2(value)
    except ValueError:
        return None
    if isinstance(secret, Mapping):
        try:
            secret = secret[key_version]
        except KeyError:
            return None
    signed = value[: len(value) - len(given)]
    if not hmac.compare_digest(given, _create_signature_v2(secret, signed)):
        return None
    if signed_name != utf8(name):
        return None
    timestamp = _number(stamp)
    if timestamp is None or timestamp < clock() - max_age_days * _DAY:
        return None
    return _unbase64(encoded)


def _decode_fields_v2(value: bytes) -> tuple[int, bytes, bytes, bytes, bytes]:
    """Divide a value of format 2 into key version, timestamp, name, value and signature.

    Raises:
        ValueError: It is none. The lengths are the client's: none is believed before the bar
            that has to follow was seen.
    """
    at = len(b"2|")
    fields = []
    for _ in range(4):
        match = _LENGTH().match(value, at)
        end = len(value) if match is None else match.end() + int(match[1])
        if match is None or value[end : end + 1] != b"|":
            raise ValueError("malformed v2 signed value field")
        fields.append(value[match.end() : end])
        at = end + 1
    key_version = _number(fields[0])
    if key_version is None:
        raise ValueError("malformed v2 signed value key version")
    return key_version, fields[1], fields[2], fields[3], value[at:]


def _number(digits: bytes) -> int | None:
    return int(digits) if _NUMBER().fullmatch(digits) else None


def _unbase64(encoded: bytes) -> bytes | None:
    try:
        return base64.b64decode(encoded)
    except binascii.Error:
        return None
