"""The masking of WebSocket payloads (RFC 6455, section 5.3). A kernel.

Layer: protocols. Imports from ``_base`` only.

Compiled (``mask_cy.pxd``), eight bytes at a time go through ``memcpy``, which is a plain load or
store to the C compiler and, other than a cast pointer, allowed at any alignment. No byte past the
end of either argument is read: the last ones, fewer than eight, go one by one.
"""

from __future__ import annotations

try:
    import cython
except ModuleNotFoundError:  # Cython is a build tool, not a run-time requirement
    from whirlwind._base import cython

from whirlwind._base.websocket_mask import websocket_mask as plain_mask

if cython.compiled:
    from cython.cimports.cpython.bytes import (
        PyBytes_FromStringAndSize,
    )
    from cython.cimports.whirlwind._proto.websocket.mask_cy import mask_into


def is_compiled() -> bool:
    """True in the compiled form of this file."""
    return cython.compiled


@cython.ccall
def websocket_mask(mask: bytes, data: bytes) -> bytes:
    """Mask or unmask a payload: each byte combined with a byte of the mask by exclusive or.

    Args:
        mask: The four bytes of the masking key.
        data: The payload, of any length; its first byte meets the first byte of ``mask``.

    Returns:
        As many bytes as ``data`` has. Masking twice gives the payload back.

    Raises:
        ValueError: ``mask`` has not four bytes.

    Source: RFC 6455, section 5.3.
    """
    if mask is None or data is None:
        raise TypeError("mask and data must be bytes")
    if len(mask) != 4:
        raise ValueError(f"mask must be 4 bytes, got {len(mask)}")
    size: cython.Py_ssize_t = len(data)
    if size == 0:
        return b""
    if not cython.compiled:
        return plain_mask(mask, data)
    result: bytes = PyBytes_FromStringAndSize(cython.NULL, size)
    mask_into(
        cython.cast(cython.p_uchar, mask),
        cython.cast(cython.p_uchar, data),
        cython.cast(cython.p_uchar, result),
        size,
    )
    return result
