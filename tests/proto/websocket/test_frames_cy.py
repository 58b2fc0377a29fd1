"""Frames: both forms of the kernel, against examples worked out from RFC 6455, 5.2."""

from __future__ import annotations

from types import ModuleType

import pytest
from tests.support.kernels import both_forms

from whirlwind._base.errors import RemoteProtocolError


@pytest.fixture(params=both_forms("whirlwind._proto.websocket.frames_cy"))
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    form: ModuleType = request.param
    return form


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        pytest.param("8105", (8, 1, 0, 2, 5), id="text, unmasked"),
        pytest.param("8185 37fa213d", (8, 1, 1, 6, 5), id="text, masked"),
        pytest.param("827e 0100", (8, 2, 0, 4, 256), id="16-bit size"),
        pytest.param("827f 0000000000010000", (8, 2, 0, 10, 65536), id="64-bit size"),
        pytest.param("827f 7fffffffffffffff", (8, 2, 0, 10, 2**63 - 1), id="largest size"),
        pytest.param("72fe 1234 01020304", (7, 2, 1, 8, 0x1234), id="reserved bits, masked"),
    ],
)
def test_header_is_decoded_once_its_last_byte_is_there(
    kernel: ModuleType, wire: str, expected: tuple[int, ...]
) -> None:
    header = bytes.fromhex(wire)
    padding = b"\xff" * 3
    for cut in range(len(header)):
        assert kernel.decode_header(padding + header[:cut], 3) is None
    assert kernel.decode_header(padding + header, 3) == expected
    assert kernel.decode_header(padding + header + b"next", 3) == expected


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param("0900", id="ping without FIN"),
        pytest.param("897e 007e", id="ping of 126 bytes"),
        pytest.param("887f 0000000000010000", id="close of 65536 bytes"),
        pytest.param("827f 8000000000000000", id="size of 2**63"),
    ],
)
def test_forbidden_header_names_close_code_1002(kernel: ModuleType, wire: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        kernel.decode_header(bytes.fromhex(wire), 0)
    assert caught.value.close_code == 1002
    assert kernel.take_frame(bytes.fromhex(wire), 0, False) is None


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 70_000])
@pytest.mark.parametrize("mask", [None, b"\x01\x80\xff\x55"], ids=["plain", "masked"])
def test_what_is_encoded_can_be_taken_wherever_it_stands(
    kernel: ModuleType, size: int, mask: bytes | None
) -> None:
    payload = bytes(index % 251 for index in range(size))
    frame = kernel.encode_frame(0x82, payload, mask)
    head = (2 if size < 126 else 4 if size < 65536 else 10) + (4 if mask else 0)
    assert len(frame) == head + size
    assert kernel.decode_header(frame, 0) == (8, 2, int(mask is not None), head, size)
    for before in range(4):
        wire = b"\xee" * before + frame + b"next"
        taken = kernel.take_frame(wire, before, mask is not None)
        assert taken == (0x82, payload, before + len(frame))
        assert kernel.take_frame(wire, before, mask is None) is None


@pytest.mark.parametrize("size", [0, 1, 125, 126, 200])
@pytest.mark.parametrize("mask", [None, b"mask"], ids=["plain", "masked"])
def test_a_frame_is_not_taken_before_its_last_byte_is_there(
    kernel: ModuleType, size: int, mask: bytes | None
) -> None:
    frame = kernel.encode_frame(0x81, b"x" * size, mask)
    for cut in range(len(frame)):
        assert kernel.take_frame(frame[:cut], 0, mask is not None) is None


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param("827e 007d" + "00" * 125, id="125 in 16 bits"),
        pytest.param("827f 00000000 0000ffff" + "00" * 65535, id="65535 in 64 bits"),
        pytest.param("827f 00000000 80000000", id="2 GiB"),
        pytest.param("827f 00000001 00000000", id="4 GiB"),
    ],
)
def test_a_size_that_needs_a_second_look_is_not_taken(kernel: ModuleType, wire: str) -> None:
    assert kernel.take_frame(bytes.fromhex(wire), 0, False) is None


def test_wrong_arguments_are_refused(kernel: ModuleType) -> None:
    with pytest.raises(ValueError, match="first byte"):
        kernel.encode_frame(256, b"", None)
    with pytest.raises(ValueError, match="4 bytes"):
        kernel.encode_frame(0x81, b"x", b"abc")
    with pytest.raises(TypeError):
        kernel.encode_frame(0x81, None, None)
