"""The parts of a form, as they come in.

Layer: web. Imports from ``_base``, ``_engine``, ``_proto`` and within ``_web``.

Theory of operation
-------------------
What is read of the body goes through the machine in ``_proto/http/multipart_stream.py``; its
events wait here until somebody asks for them, and nothing more is read meanwhile. So the parts
come one after the other, and asking for the next one throws away what was not read of the last.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Generator
from typing import Any, BinaryIO

from whirlwind._base.limits import BODY_CHUNK_SIZE, MAX_FIELD_SIZE
from whirlwind._engine.coroutine import coroutine
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.forms import _DEFAULT_PARSE_BODY_CONFIG
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.multipart_stream import (
    MultipartDecoder,
    PartBegan,
    PartData,
    PartEnded,
    PartEvent,
)
from whirlwind._proto.http.parameters import _parse_header
from whirlwind._web.body_stream import BodyStream
from whirlwind._web.errors import HTTPError
from whirlwind._web.part_file import GivenFile, NewFile

# What is gathered before it is written: a thread's turn costs as much as some 100 KB on a disk.
_WRITE_SIZE = 262_144


def boundary_of(headers: HTTPHeaders) -> bytes:
    """Return the boundary of a request that has a form for its body.

    Args:
        headers: The request's header fields.

    Raises:
        HTTPError: 415 for a body of another type, or one that was not decoded; 400 where the
            boundary is missing.
    """
    kind, parameters = _parse_header(headers.get("Content-Type", ""))
    if kind.lower() != "multipart/form-data":
        raise HTTPError(415, "Content-Type is %r, not multipart/form-data", kind[:40])
    coding = headers.get("Content-Encoding")
    if coding is not None:
        raise HTTPError(415, "Unsupported Content-Encoding: %r", coding[:40])
    boundary = parameters.get("boundary", "").encode("latin-1", "replace")
    if not boundary:
        raise HTTPError(400, "Invalid multipart/form-data: multipart boundary not found")
    return boundary


def decoder_for(
    headers: HTTPHeaders,
    *,
    max_parts: int | None,
    max_part_header_size: int | None,
    max_field_size: int,
    max_file_size: int | None,
) -> MultipartDecoder:
    """Return what reads the body of a request with these header fields.

    Args:
        headers: The request's header fields.
        max_parts, max_part_header_size: As ``MultipartDecoder`` has them; None for what
            ``set_parse_body_config`` says.
        max_field_size, max_file_size: As ``MultipartDecoder`` has them.

    Raises:
        HTTPError: As ``boundary_of``; 415 where forms are disabled.
    """
    boundary = boundary_of(headers)
    config = _DEFAULT_PARSE_BODY_CONFIG.multipart
    if not config.enabled:
        raise HTTPError(415, "multipart/form-data is disabled (ParseMultipartConfig.enabled)")
    if max_part_header_size is None:
        max_part_header_size = config.max_part_header_size
    try:
        return MultipartDecoder(
            boundary,
            max_parts=config.max_parts if max_parts is None else max_parts,
            max_part_header_size=max_part_header_size,
            max_field_size=max_field_size,
            max_file_size=max_file_size,
        )
    except HTTPInputError as error:
        raise HTTPError(400, "Invalid multipart/form-data: %s", error) from error


class MultipartReader:
    """Reads the parts of a form, in the order in which they come.

    ``RequestHandler.multipart`` returns it. In a native coroutine::

        async for part in self.multipart():
            ...

    and in a ``gen.coroutine``::

        parts = self.multipart()
        while (part := (yield parts.next_part())) is not None:
            ...

    Args:
        body: Where the bytes come from.
        decoder: What makes events of them.
    """

    def __init__(self, body: BodyStream, decoder: MultipartDecoder) -> None:
        self._body = body
        self._decoder = decoder
        self._events: deque[PartEvent] = deque()
        self._ended = False
        # Of the part that is being read, the reader knows no more: the part refers to the reader.
        self._number = 0
        self._inside = False

    @coroutine
    def next_part(self) -> Generator[Any, Any, Part | None]:
        """Return the next part, as soon as its header is there.

        What was not read of the part before is skipped.

        Returns:
            A future, to yield or to await, of a ``Part``; of None when the body has ended.

        Raises:
            StreamClosedError: The client went away before the body was complete.
            HTTPError: The body breaks the format (400), or passes a limit (413). Left to itself
                it is the handler's answer.
        """
        self._number += 1
        while self._inside:
            yield self._next_event()
        event = yield self._next_event()
        return None if event is None else Part(self, event)

    def __aiter__(self) -> MultipartReader:
        return self

    async def __anext__(self) -> Part:
        part = await self.next_part()
        if part is None:
            raise StopAsyncIteration
        return part

    @coroutine
    def _next_event(self) -> Generator[Any, Any, PartEvent | None]:
        while not self._events:
            if self._ended:
                return None
            piece = yield self._body.read()
            try:
                if piece:
                    self._events.extend(self._decoder.feed(piece))
                else:
                    self._decoder.feed_eof()
                    self._ended = True
            except HTTPInputError as error:
                raise HTTPError(
                    error.status or 400, "Invalid multipart/form-data: %s", error
                ) from error
        event = self._events.popleft()
        self._inside = not isinstance(event, PartEnded)
        return event


class Part:
    """One part of a form: a field, or a file.

    Read it with ``async for piece in part``, or with one of its methods, each of which returns a
    future to yield or to await. All of them raise what ``MultipartReader.next_part`` raises, and
    ``RuntimeError`` once the next part was asked for.

    Attributes:
        name: The name of the form's field.
        filename: The name that the sender gave its file; never use it as a path. None if the
            part is no file, and for a file input that was left empty.
        content_type: The type that the sender gave it, ``text/plain`` if none.
        headers: All of the part's header fields.

    Source: RFC 7578, section 4.
    """

    def __init__(self, reader: MultipartReader, began: PartBegan) -> None:
        self.name = began.name
        self.filename = began.filename
        self.headers = began.headers
        self.content_type: str = began.headers.get("Content-Type", "text/plain")
        self._reader = reader
        self._number = reader._number
        self._held = b""
        self._at = 0  # bytes of it that were read
        self._ended = False

    def __repr__(self) -> str:
        return f"<Part {self.name!r} filename={self.filename!r}>"

    def _take(self, event: PartEvent | None) -> None:
        self._at = 0
        if isinstance(event, PartData):
            self._held = event.data
        elif isinstance(event, PartEnded):
            self._held = b""
            self._ended = True

    @coroutine
    def read(self, max_bytes: int = BODY_CHUNK_SIZE) -> Generator[Any, Any, bytes]:
        """Return the next bytes of the part, as soon as there are any.

        Args:
            max_bytes: The most to return, 1 or more.

        Returns:
            1 to ``max_bytes`` bytes; ``b""`` at the part's end.
        """
        if max_bytes < 1:
            raise ValueError(f"max_bytes is {max_bytes}: expected 1 or more")
        if self._number != self._reader._number and not self._ended:
            raise RuntimeError(f"{self!r} is over: the next part was asked for")
        if self._at == len(self._held) and not self._ended:
            self._take((yield self._reader._next_event()))
        piece = self._held[self._at : self._at + max_bytes]
        self._at += len(piece)
        return piece

    @coroutine
    def read_all(self, max_bytes: int = MAX_FIELD_SIZE) -> Generator[Any, Any, bytes]:
        """Return the rest of the part.

        Args:
            max_bytes: The most to accept; a larger part is an ``HTTPError`` of status 413.
        """
        pieces = []
        size = 0
        while piece := (yield self.read()):
            size += len(piece)
            if size > max_bytes:
                raise HTTPError(413, "part %r is over %d bytes (max_bytes)", self.name, max_bytes)
            pieces.append(piece)
        return b"".join(pieces)

    @coroutine
    def text(self, max_bytes: int = MAX_FIELD_SIZE) -> Generator[Any, Any, str]:
        """Return the rest of the part, a field of text; anything but UTF-8 is a 400.

        Args:
            max_bytes: As for ``read_all``.
        """
        data: bytes = yield self.read_all(max_bytes)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise HTTPError(400, "part %r is not UTF-8: %r", self.name, data[:40]) from None

    def __aiter__(self) -> Part:
        return self

    async def __anext__(self) -> bytes:
        piece = await self.read()
        if not piece:
            raise StopAsyncIteration
        return piece

    @coroutine
    def save(self, target: str | os.PathLike[str] | BinaryIO) -> Generator[Any, Any, int]:
        """Write the rest of the part to a file; the loop is not held up by it.

        Args:
            target: A path, where the file appears when it is complete, in place of one that is
                there; or a file open for writing, which is left open.

        Returns:
            How many bytes were written.

        Raises:
            OSError: The file cannot be written. As after any other error, and when the handler
                is cancelled, what stood at the path before still does.
        """
        run = asyncio.get_running_loop().run_in_executor
        file = NewFile(target) if isinstance(target, str | os.PathLike) else GivenFile(target)
        size = 0
        try:
            yield run(None, file.open)
            while pieces := (yield self._gather()):
                yield run(None, file.write, pieces)
                size += sum(map(len, pieces))
            yield run(None, file.complete)
        except GeneratorExit:
            file.abandon()
            raise
        except BaseException:
            yield run(None, file.abandon)
            raise
        return size

    @coroutine
    def _gather(self) -> Generator[Any, Any, list[bytes]]:
        pieces = []
        size = 0
        while size < _WRITE_SIZE and (piece := (yield self.read())):
            pieces.append(piece)
            size += len(piece)
        return pieces
