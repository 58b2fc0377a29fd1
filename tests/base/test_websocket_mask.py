"""Masking in plain Python."""

from __future__ import annotations

import pytest

from whirlwind._base.websocket_mask import websocket_mask


def test_the_example_of_rfc_6455_section_5_7() -> None:
    mask = bytes.fromhex("37fa213d")
    assert websocket_mask(mask, b"Hello") == bytes.fromhex("7f9f4d5158")


@pytest.mark.parametrize("size", [*range(65), 1023, 65_536])
def test_each_byte_meets_its_byte_of_the_mask(size: int) -> None:
    mask = b"\x01\x80\xff\x00"
    data = bytes(index * 7 % 256 for index in range(size))
    masked = websocket_mask(mask, data)
    assert masked == bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
    assert websocket_mask(mask, masked) == data


@pytest.mark.parametrize("mask", [b"", b"abc", b"abcde"])
def test_security_a_mask_of_another_size_is_refused(mask: bytes) -> None:
    with pytest.raises(ValueError, match="4 bytes"):
        websocket_mask(mask, b"data")
