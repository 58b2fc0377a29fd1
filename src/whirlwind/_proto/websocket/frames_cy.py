"""WebSocket frames, reading and writing (RFC 6455, section 5.2). A kernel.

Layer: protocols. Imports from ``_base`` and ``_proto`` only.

A kernel is one file that runs interpreted and, where it was built, compiled; the tests feed
both the same bytes. Hence no ``await`` (a compiled coroutine shows no line numbers to the
inspector), no I/O, no classes that users see, and every size checked before it enters a C
integer, which wraps where a Python integer grows.

``take_frame`` is for the case that makes up nearly all traffic, a whole frame in memory whose
header leaves nothing to complain about. For anything else it returns None, and ``decode_header``
says what it is.
"""

from __future__ import annotations

try:
    import cython
except ModuleNotFoundError:  # Cython is a build tool, not a run-time requirement
    from whirlwind._base import cython

from whirlwind._base.errors import RemoteProtocolError
from whirlwind._proto.websocket.mask_cy import websocket_mask

if cython.compiled:
    from cython.cimports.cpython.bytes import (
        PyBytes_FromStringAndSize,
    )
    from cython.cimports.libc.string import memcpy
    from cython.cimports.whirlwind._proto.websocket.mask_cy import mask_into

_PROTOCOL_ERROR = 1002


def is_compiled() -> bool:
    """True in the compiled form of this file."""
    return cython.compiled


@cython.ccall
def decode_header(data: bytes, start: cython.Py_ssize_t) -> tuple[int, int, int, int, int] | None:
    """Read the frame header that begins at ``data[start]``.

    Args:
        data: Wire bytes.
        start: Index of the header's first byte, 0 or more.

    Returns:
        None if the header is not all there yet; else five ints: flags (FIN 8, RSV1 4, RSV2 2,
        RSV3 1), opcode (0 to 15), masked (0 or 1), header size in bytes (2 to 14, mask key
        included), payload size in bytes.

    Raises:
        RemoteProtocolError: A control frame in fragments or over 125 bytes, or a payload size
            of 2**63 or more; ``close_code`` is 1002.

    Source: RFC 6455, sections 5.2 (layout) and 5.5 (control frames).
    """
    have: cython.Py_ssize_t = len(data) - start
    if have < 2:
        return None
    first: cython.uint = data[start]
    second: cython.uint = data[start + 1]
    opcode: cython.uint = first & 0x0F
    size: cython.longlong = second & 0x7F
    head: cython.Py_ssize_t = 2
    if opcode >= 8 and (size > 125 or first < 0x80):
        raise RemoteProtocolError(
            "control frame in fragments or over 125 bytes", close_code=_PROTOCOL_ERROR
        )
    if size == 126:
        head = 4
        if have < head:
            return None
        size = data[start + 2] << 8 | data[start + 3]
    elif size == 127:
        head = 10
        if have < 3:
            return None
        # The top bit must be 0 (5.2), which is also what makes the size fit 64 bits signed.
        if data[start + 2] >= 0x80:
            raise RemoteProtocolError(
                "payload size has its top bit set", close_code=_PROTOCOL_ERROR
            )
        if have < head:
            return None
        size = int.from_bytes(data[start + 2 : start + 10], "big")
    masked: cython.uint = second >> 7
    if masked:
        head += 4
        if have < head:
            return None
    return first >> 4, opcode, masked, head, size


@cython.ccall
def take_frame(
    data: bytes, start: cython.Py_ssize_t, masked: cython.bint
) -> tuple[int, bytes, int] | None:
    """Take the whole frame that begins at ``data[start]``, if it is there and looks well.

    Args:
        data: Wire bytes.
        start: Index of the frame's first byte, 0 or more.
        masked: Whether the peer has to mask its frames: true where it is a client.

    Returns:
        The frame's first byte (FIN, RSV1 to RSV3, opcode), its payload unmasked, and the index
        after its last byte. None if the frame is not all there, if it is masked and must not be
        or the reverse, if a control frame is in fragments or too long, or if the size is not
        written in the fewest bytes: then ``decode_header`` tells which.

    Source: RFC 6455, section 5.2.
    """
    have: cython.Py_ssize_t = len(data) - start
    if have < 2:
        return None
    first: cython.uint = data[start]
    second: cython.uint = data[start + 1]
    if (second >= 0x80) != masked:
        return None
    size: cython.Py_ssize_t = second & 0x7F
    head: cython.Py_ssize_t = 2
    if (first & 0x08) and (size > 125 or first < 0x80):
        return None
    if size == 126:
        if have < 4:
            return None
        head = 4
        size = data[start + 2] << 8 | data[start + 3]
        if size < 126:
            return None
    elif size == 127:
        # Of the eight bytes only the last four may say anything: more is not in memory anyway.
        if have < 10 or data[start + 2] or data[start + 3] or data[start + 4] or data[start + 5]:
            return None
        if data[start + 6] >= 0x80:
            return None
        head = 10
        size = (
            data[start + 6] << 24 | data[start + 7] << 16 | data[start + 8] << 8 | data[start + 9]
        )
        if size < 65536:
            return None
    if not masked:
        if have < head + size:
            return None
        return first, data[start + head : start + head + size], start + head + size
    head += 4
    if have < head + size:
        return None
    at: cython.Py_ssize_t = start + head
    if not cython.compiled:
        return first, websocket_mask(data[at - 4 : at], data[at : at + size]), at + size
    payload: bytes = PyBytes_FromStringAndSize(cython.NULL, size)
    read: cython.p_uchar = cython.cast(cython.p_uchar, data)
    mask_into(read + at - 4, read + at, cython.cast(cython.p_uchar, payload), size)
    return first, payload, at + size


@cython.ccall
def encode_frame(first: cython.int, payload: bytes, mask: bytes | None) -> bytes:
    """Write one frame.

    Args:
        first: Its first byte: FIN, RSV1 to RSV3, opcode.
        payload: Its payload, plain.
        mask: The masking key, four bytes; None where frames are not masked, as servers' are not.

    Returns:
        The frame's wire bytes.

    Raises:
        ValueError: ``first`` is no byte, or ``mask`` has not four bytes.

    Source: RFC 6455, section 5.2.
    """
    size: cython.Py_ssize_t = len(payload)
    bit: cython.int = 0
    if not 0 <= first <= 255:
        raise ValueError(f"first byte of a frame is {first}")
    if mask is not None:
        if len(mask) != 4:
            raise ValueError(f"mask must be 4 bytes, got {len(mask)}")
        bit = 0x80
    if not cython.compiled:
        if mask is not None:
            payload = websocket_mask(mask, payload)
        if size < 126:
            header = bytes((first, bit | size))
        elif size < 65536:
            header = bytes((first, bit | 126, size >> 8, size & 0xFF))
        else:
            header = bytes((first, bit | 127)) + size.to_bytes(8, "big")
        return header + payload if mask is None else header + mask + payload
    head: cython.Py_ssize_t = 2 if size < 126 else 4 if size < 65536 else 10
    whole: cython.Py_ssize_t = head + size + (4 if bit else 0)
    frame: bytes = PyBytes_FromStringAndSize(cython.NULL, whole)
    write: cython.p_uchar = cython.cast(cython.p_uchar, frame)
    at: cython.Py_ssize_t = 2
    write[0] = first
    if head == 2:
        write[1] = bit | size
    else:
        write[1] = bit | (126 if head == 4 else 127)
        while at < head:
            write[at] = (size >> (8 * (head - 1 - at))) & 0xFF
            at += 1
    read: cython.p_uchar = cython.cast(cython.p_uchar, payload)
    if mask is None:
        memcpy(write + head, read, size)
    else:
        memcpy(write + head, cython.cast(cython.p_uchar, mask), 4)
        mask_into(write + head, read, write + head + 4, size)
    return frame
