"""Masking: both forms of the kernel, every short length and alignment."""

from __future__ import annotations

from types import ModuleType

import pytest
from tests.support.kernels import both_forms


@pytest.fixture(params=both_forms("whirlwind._proto.websocket.mask_cy"))
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    form: ModuleType = request.param
    return form


def test_the_example_of_rfc_6455_section_5_7(kernel: ModuleType) -> None:
    mask = bytes.fromhex("37fa213d")
    assert kernel.websocket_mask(mask, b"Hello") == bytes.fromhex("7f9f4d5158")


@pytest.mark.parametrize("offset", range(8))
def test_security_no_byte_past_the_end_is_read_or_written(kernel: ModuleType, offset: int) -> None:
    """Rule 15, CVE-2026-49854: no reads past the end, lengths 0 to 64, all alignments."""
    mask = b"\x01\x80\xff\x55"
    backing = bytes(index * 7 % 256 for index in range(offset, 200))
    for size in range(65):
        data = backing[offset : offset + size]
        masked = kernel.websocket_mask(mask, data)
        assert masked == bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
        assert kernel.websocket_mask(mask, masked) == data
        assert data == backing[offset : offset + size]


@pytest.mark.parametrize("size", [1023, 4096, 65_537])
def test_long_payloads(kernel: ModuleType, size: int) -> None:
    mask = b"abcd"
    data = bytes(index % 251 for index in range(size))
    masked = kernel.websocket_mask(mask, data)
    assert masked == bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))


@pytest.mark.parametrize("mask", [b"", b"abc", b"abcde"])
def test_security_a_mask_of_another_size_is_refused(kernel: ModuleType, mask: bytes) -> None:
    with pytest.raises(ValueError, match="4 bytes"):
        kernel.websocket_mask(mask, b"data")


def test_nothing_is_no_payload(kernel: ModuleType) -> None:
    with pytest.raises(TypeError):
        kernel.websocket_mask(b"abcd", None)
