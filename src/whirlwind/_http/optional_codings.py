"""Brotli and Zstandard, for requests, where the packages of the extra ``compression`` are there.

Layer: HTTP. Imports from ``_base`` and ``_proto``.

Theory of operation
-------------------
A few bytes can stand for gigabytes, so what comes out is bounded at each step and counted before
it is kept. Brotli's decoder takes a limit for its output. Zstandard's does not, but one of its
blocks has at most 128 KiB and takes at least 4 bytes: it is fed 64 bytes at a time, which is 2 MiB
at most, and its window, the memory of a decoder, is bounded as HTTP has it (RFC 9659).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Final

from whirlwind._base.limits import BODY_CHUNK_SIZE
from whirlwind._proto.http.errors import HTTPInputError

_ZSTD_STEP: Final = 64
_ZSTD_WINDOW: Final = 8 * 1024 * 1024


class _Damaged(Exception):
    """The compressed data is no such data, is cut off, or something follows it."""


class _Brotli:
    """One stream of Brotli (RFC 7932)."""

    def __init__(self, module: Any) -> None:
        self._decoder = module.Decompressor()
        self._error = module.error

    def pieces(self, data: bytes) -> Iterator[bytes]:
        decoder = self._decoder
        try:
            if decoder.is_finished():
                raise _Damaged("data after the end of the stream")
            # The limit is passed by half at most. That more is accepted does not mean that all
            # has come out: only an empty piece does.
            while plain := decoder.process(data, output_buffer_limit=BODY_CHUNK_SIZE):
                yield plain
                data = b""
                if decoder.is_finished():
                    return
        except self._error as error:
            raise _Damaged(str(error)) from error

    def is_complete(self) -> bool:
        return bool(self._decoder.is_finished())


class _Zstandard:
    """Frames of Zstandard, one after the other (RFC 8878)."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._decoder: Any = None  # none between frames
        self._begun = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        for at in range(0, len(data), _ZSTD_STEP):
            step = data[at : at + _ZSTD_STEP]
            try:
                while step:
                    self._begun = True
                    if self._decoder is None:
                        self._decoder = self._module.ZstdDecompressor(
                            max_window_size=_ZSTD_WINDOW
                        ).decompressobj()
                    decoder = self._decoder
                    yield decoder.decompress(step)
                    step = b""
                    if decoder.eof:
                        step = decoder.unused_data
                        self._decoder = None
            except self._module.ZstdError as error:
                raise _Damaged(str(error)) from error

    def is_complete(self) -> bool:
        return self._begun and self._decoder is None


def _installed(name: str, needed: str) -> ModuleType | None:
    try:
        module = importlib.import_module(name)  # optional: the extra "compression"
    except ImportError:
        return None
    return module if hasattr(module, needed) else None


def _brotli() -> Callable[[], _Brotli] | None:
    # Without the limit for its output (before 1.2) a bomb goes off before it can be counted.
    module = _installed("brotli", "Decompressor")
    if module is None or not hasattr(module.Decompressor, "can_accept_more_data"):
        return None
    return lambda: _Brotli(module)


def _zstandard() -> Callable[[], _Zstandard] | None:
    module = _installed("zstandard", "ZstdDecompressor")
    return None if module is None else lambda: _Zstandard(module)


_FINDERS: Final[dict[str, Callable[[], Callable[[], Any] | None]]] = {
    "br": _brotli,
    "zstd": _zstandard,
}
# Looked for once, when the first such body comes: programs that get none import nothing.
_found: dict[str, Callable[[], Any] | None] = {}


def can_decode_optional(coding: str) -> bool:
    """True for a ``Content-Encoding`` whose package is installed."""
    name = coding.lower()
    if name not in _FINDERS:
        return False
    if name not in _found:
        _found[name] = _FINDERS[name]()
    return _found[name] is not None


class OptionalDecoder:
    """Turns a body in such a coding into the plain one; as ``BodyDecoder`` for the others.

    Args:
        coding: One for which ``can_decode_optional``.
        max_size: Most bytes of the plain body.
    """

    def __init__(self, coding: str, max_size: int) -> None:
        make = _found[coding.lower()]
        if make is None:
            raise ValueError(f"no package for the coding {coding!r} is installed")
        self._coding = coding
        self._decoder = make()
        self._room = max_size

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the plain bytes of the next wire bytes, piece by piece.

        Raises:
            HTTPInputError: The data is damaged, or the plain body too large; the pieces so far
                were within the limit.
        """
        try:
            for plain in self._decoder.pieces(data):
                self._room -= len(plain)
                if self._room < 0:
                    raise HTTPInputError("decompressed body too large (max_body_size)")
                if plain:
                    yield plain
        except _Damaged as error:
            raise HTTPInputError(f"invalid {self._coding} data: {error}") from error

    def finish(self) -> Iterator[bytes]:
        """Yield nothing more: the wire bytes are complete.

        Raises:
            HTTPInputError: The compressed data is not at its end: it was cut off.
        """
        if not self._decoder.is_complete():
            raise HTTPInputError(f"invalid {self._coding} data: it is cut off")
        return iter(())
