"""One side of a WebSocket: wire bytes become messages, messages become wire bytes (RFC 6455).

Layer: protocols. Imports from ``_base`` and ``_proto``.

Theory of operation
-------------------
A message is one frame, or several of which the last has FIN; control frames (ping, pong, close)
may stand between them. Wire bytes come cut anywhere::

    frame  = header, payload                 header = 2 to 14 bytes
    close_sent = our close frame is out      done = theirs is in, or they failed

A frame that is in memory as a whole, and that is a whole message, takes the short way through
``take_frame``. All others go piece by piece: a payload is unmasked, decompressed and decoded as it
comes, so that a text that is not UTF-8 is refused at the byte that says so, that what a message
takes in memory is the message and not also its wire bytes, and that a large one costs linear time.

Nothing here is unbounded: what is held of the wire is an unfinished header or what one ``feed``
brought; a message stops at its limit, decompressed; ``feed`` stops after a number of frames or of
bytes and says that there is ``more``, so that a flood of tiny frames, or of messages that inflate,
neither holds up the loop nor piles up.

The peer's mistakes are events and not exceptions: what came before them still counts. Nor does the
machine answer pings and close frames by itself: whoever takes the events does, when it has come to
them, so that the answers to the messages before go out first. What goes out is returned by the
method that makes it, and goes out in the order of the calls.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any, Final

from whirlwind._base.errors import MessageTooLarge, RemoteProtocolError
from whirlwind._base.limits import MAX_WEBSOCKET_TURN, MAX_WEBSOCKET_TURN_SIZE
from whirlwind._proto.websocket.close_codes import (
    INVALID_DATA,
    MESSAGE_TOO_BIG,
    PROTOCOL_ERROR,
    encode_close,
    parse_close,
)
from whirlwind._proto.websocket.deflate import MessageCompressor, MessageDecompressor
from whirlwind._proto.websocket.events import Closed, Event, Failed, Ping, Pong
from whirlwind._proto.websocket.frames_cy import decode_header, encode_frame, take_frame
from whirlwind._proto.websocket.mask_cy import websocket_mask

_CONTINUATION: Final = 0x0
_TEXT: Final = 0x1
_BINARY: Final = 0x2
_CLOSE: Final = 0x8
_PING: Final = 0x9
_PONG: Final = 0xA

_FIN: Final = 0x80
_RSV1: Final = 0x40
_FIN_TEXT: Final = 0x81
_FIN_BINARY: Final = 0x82
_WHOLE: Final = (_FIN_TEXT, _FIN_BINARY)

_new_decoder: Final = codecs.getincrementaldecoder("utf-8")


class WebSocketMachine:
    """One side of a WebSocket, after the opening handshake.

    Args:
        client: Whether this is the client's side.
        max_message_size: Most bytes in a message from the peer, decompressed.
        compressor: Compresses what is sent; None to send messages as they are.
        decompressor: Decompresses what comes; None where no compression was agreed upon.
        new_mask: Returns four bytes that nobody can foretell; needed by a client only.

    Attributes:
        more: True if ``feed(b"")`` would find further events in what it holds.
        close_sent: True once our close frame was made.
        done: True once nothing that the peer sends is read any more.
        wire_bytes_in, wire_bytes_out: Bytes of the data messages' frames so far.
        message_bytes_in, message_bytes_out: Bytes of their messages.
    """

    __slots__ = (
        "_compressed",
        "_compressor",
        "_decoder",
        "_decompressor",
        "_final",
        "_held",
        "_in_frame",
        "_kind",
        "_left",
        "_mask",
        "_max_size",
        "_new_mask",
        "_opcode",
        "_peer_masks",
        "_pieces",
        "_size",
        "close_sent",
        "done",
        "message_bytes_in",
        "message_bytes_out",
        "more",
        "wire_bytes_in",
        "wire_bytes_out",
    )

    def __init__(
        self,
        *,
        client: bool,
        max_message_size: int,
        compressor: MessageCompressor | None = None,
        decompressor: MessageDecompressor | None = None,
        new_mask: Callable[[], bytes] | None = None,
    ) -> None:
        if client and new_mask is None:
            raise ValueError("a client must mask its frames: new_mask is missing")
        self.more = False
        self.close_sent = False
        self.done = False
        self.wire_bytes_in = 0
        self.wire_bytes_out = 0
        self.message_bytes_in = 0
        self.message_bytes_out = 0
        self._peer_masks = not client
        self._new_mask = new_mask if client else None
        self._max_size = max_message_size
        self._compressor = compressor
        self._decompressor = decompressor
        self._held = b""
        # The message that is coming in pieces.
        self._kind = 0  # _TEXT or _BINARY; 0 between messages
        self._compressed = False
        self._size = 0  # bytes of it, decompressed, so far
        self._pieces: list[Any] = []
        self._decoder: codecs.IncrementalDecoder | None = None
        # The frame that is coming in pieces.
        self._in_frame = False
        self._opcode = 0
        self._final = False
        self._left = 0  # bytes of its payload still to come
        self._mask = b""  # turned so that it begins with the byte for the next one; empty for none

    # --- what comes in ---

    def feed(self, wire: bytes) -> list[Event]:
        """Take the next wire bytes and return what is found in them.

        Args:
            wire: Wire bytes, cut anywhere.

        Returns:
            Events in order. ``Closed`` or ``Failed`` is the last one ever; what comes after it is
            thrown away. If ``more`` is true then, feed empty bytes for the rest.

        Source: RFC 6455, sections 5.4 to 6.2.
        """
        events: list[Event] = []
        if self.done:
            return events
        if self._held:
            wire = self._held + wire
        elif not (self._kind or self._in_frame):
            # What nearly every read of a quiet connection brings: one message, and all of it.
            frame = take_frame(wire, 0, self._peer_masks)
            if frame is not None and frame[2] == len(wire) and frame[0] in _WHOLE:
                payload: bytes = frame[1]
                size = len(payload)
                if size <= self._max_size:
                    self.wire_bytes_in += len(wire)
                    self.message_bytes_in += size
                    if frame[0] == _FIN_BINARY:
                        events.append(payload)
                        return events
                    try:
                        events.append(payload.decode("utf-8"))
                    except UnicodeDecodeError as error:
                        self._fail(_not_utf8(error), events)
                    return events
        self._read(wire, events)
        return events

    def _read(self, wire: bytes, events: list[Event]) -> None:
        at = 0
        frames = MAX_WEBSOCKET_TURN
        room = self.message_bytes_in + MAX_WEBSOCKET_TURN_SIZE
        end = len(wire)
        masked = self._peer_masks
        try:
            while at < end or self._in_frame:
                if not frames or self.message_bytes_in > room:
                    break
                if self._in_frame:
                    if at == end and self._left:
                        break
                    at = self._take_piece(wire, at, events)
                    if self.done:
                        break
                    frames -= not self._in_frame
                    continue
                frame = take_frame(wire, at, masked)
                if frame is None:
                    head = self._take_header(wire, at)
                    if not head:
                        break
                    at += head
                    continue
                frames -= 1
                first, payload, behind = frame
                if not self._kind and first in _WHOLE:
                    size = len(payload)
                    if size > self._max_size:
                        raise self._too_large(size)
                    self.wire_bytes_in += behind - at
                    self.message_bytes_in += size
                    events.append(_decoded(payload) if first == _FIN_TEXT else payload)
                else:
                    self._take_whole(first, payload, behind - at, events)
                at = behind
                if self.done:
                    break
        except RemoteProtocolError as error:
            self._fail(error, events)
        if self.done:
            self._held = b""
            self.more = False
        else:
            self._held = wire[at:] if at < end else b""
            self.more = bool(self._held) and (not frames or self.message_bytes_in > room)

    def feed_eof(self) -> list[Event]:
        """Say that the peer's side is closed; returns no event, since a close frame is missing."""
        self.done = True
        self._held = b""
        self.more = False
        self._forget()
        return []

    def _take_whole(self, first: int, payload: bytes, wire: int, events: list[Event]) -> None:
        """Take a frame that is in memory: any but a plain message of one frame."""
        self._check(first >> 4, first & 0x0F, len(payload))
        opcode = first & 0x0F
        if opcode >= _CLOSE:
            self._take_control(opcode, payload, events)
            return
        self.wire_bytes_in += wire
        if opcode:
            self._begin(first)
        self._add(payload)
        if first & _FIN:
            self._end(events)

    def _take_header(self, wire: bytes, at: int) -> int:
        """Take the header of a frame that is not all there; returns its size, 0 to wait for it."""
        if len(wire) - at < 2:
            return 0
        if (wire[at + 1] >= 0x80) != self._peer_masks:
            # Section 5.1: caches between the two could be fed what looks like HTTP.
            how = "is not masked" if self._peer_masks else "is masked"
            raise RemoteProtocolError(f"frame {how}", close_code=PROTOCOL_ERROR)
        header = decode_header(wire, at)
        self._check(wire[at] >> 4, wire[at] & 0x0F, 0)
        if header is None:
            return 0
        flags: int
        head: int
        flags, opcode, masked, head, size = header
        plain = head - 4 * masked
        if (plain == 4 and size < 126) or (plain == 10 and size < 65536):
            raise RemoteProtocolError(
                f"payload size {size} is not in the fewest bytes", close_code=PROTOCOL_ERROR
            )
        self._check(flags, opcode, size)
        if opcode >= _CLOSE:
            if len(wire) - at < head + size:
                return 0  # at most 125 bytes
        elif opcode:
            self._begin(wire[at])
        self._in_frame = True
        self._opcode = opcode
        self._final = bool(flags & 8)
        self._left = size
        self._mask = wire[at + head - 4 : at + head] if masked else b""
        if opcode < _CLOSE:
            self.wire_bytes_in += head + size
        return head

    def _check(self, flags: int, opcode: int, size: int) -> None:
        """Refuse a frame for what its header says."""
        if flags & 3 or (flags & 4 and (self._decompressor is None or not 0 < opcode < _CLOSE)):
            raise RemoteProtocolError(
                "reserved bit set that was not negotiated", close_code=PROTOCOL_ERROR
            )
        if opcode > _PONG or _BINARY < opcode < _CLOSE:
            raise RemoteProtocolError(f"unknown opcode {opcode}", close_code=PROTOCOL_ERROR)
        if opcode >= _CLOSE:
            return
        if opcode and self._kind:
            raise RemoteProtocolError(
                "new message before the last one's final fragment", close_code=PROTOCOL_ERROR
            )
        if not opcode and not self._kind:
            raise RemoteProtocolError(
                "fragment of a message that did not begin", close_code=PROTOCOL_ERROR
            )
        # Refused when announced, not when received. Of a compressed message only its fragments'
        # beginning is known here; what it inflates to is bounded as it does.
        compressed = self._compressed if not opcode else flags & 4
        if not compressed and size + self._size > self._max_size:
            raise self._too_large(size + self._size)

    def _take_piece(self, wire: bytes, at: int, events: list[Event]) -> int:
        """Take what is there of the current frame's payload; returns the index behind it."""
        piece = wire[at : at + self._left]
        size = len(piece)
        mask = self._mask
        if mask:
            piece = websocket_mask(mask, piece)
            turn = size & 3
            self._mask = mask[turn:] + mask[:turn]
        self._left -= size
        if not self._left:
            self._in_frame = False
        if self._opcode >= _CLOSE:
            self._take_control(self._opcode, piece, events)
        else:
            self._add(piece)
            if not self._left and self._final:
                self._end(events)
        return at + size

    # --- messages ---

    def _begin(self, first: int) -> None:
        self._kind = first & 0x0F
        self._compressed = bool(first & _RSV1)
        self._size = 0
        if self._kind == _TEXT:
            self._decoder = _new_decoder("strict")

    def _add(self, piece: bytes, *, final: bool = False) -> None:
        if self._compressed and not final:
            assert self._decompressor is not None
            piece = self._decompressor.feed(piece)
        self._size += len(piece)
        if self._size > self._max_size:
            raise self._too_large(self._size)
        if self._decoder is None:
            if piece:
                self._pieces.append(piece)
            return
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            raise _not_utf8(error) from error
        held = self._decoder.getstate()[0]
        if len(held) == 2 and held[0] == 0xED and held[1] >= 0xA0:
            # The one beginning that nothing can complete (a surrogate's) and that Python's decoder
            # waits with all the same.
            raise RemoteProtocolError(f"text is not UTF-8: {held!r}", close_code=INVALID_DATA)
        if text:
            self._pieces.append(text)

    def _end(self, events: list[Event]) -> None:
        last = b""
        if self._compressed:
            assert self._decompressor is not None
            last = self._decompressor.finish()
        self._add(last, final=True)
        pieces = self._pieces
        self.message_bytes_in += self._size
        if len(pieces) == 1:
            message = pieces[0]
        else:
            message = "".join(pieces) if self._kind == _TEXT else b"".join(pieces)
        self._forget()
        events.append(message)

    def _forget(self) -> None:
        self._kind = 0
        self._size = 0
        self._compressed = False
        self._pieces = []
        self._decoder = None

    def _too_large(self, size: int) -> MessageTooLarge:
        return MessageTooLarge(
            f"message of {size} bytes or more: at most {self._max_size} "
            "(websocket_max_message_size)",
            close_code=MESSAGE_TOO_BIG,
        )

    # --- control frames ---

    def _take_control(self, opcode: int, payload: bytes, events: list[Event]) -> None:
        if opcode == _PING:
            events.append(Ping(payload))
        elif opcode == _PONG:
            events.append(Pong(payload))
        else:
            code, reason = parse_close(payload)
            self.done = True
            self._forget()
            events.append(Closed(code, reason))

    def _fail(self, error: RemoteProtocolError, events: list[Event]) -> None:
        self.done = True
        self._forget()
        # Its traceback leads to the frame that holds the events, which hold the error.
        events.append(Failed(error.with_traceback(None)))

    # --- what goes out ---

    def message(self, data: bytes, *, binary: bool) -> bytes:
        """Return the wire bytes of a message; they go out at once, in the order of the calls.

        Args:
            data: The message; UTF-8 unless ``binary``.
            binary: Whether it is binary.
        """
        first = _FIN_BINARY if binary else _FIN_TEXT
        self.message_bytes_out += len(data)
        if self._compressor is not None:
            data = self._compressor.compress(data)
            first |= _RSV1
        new_mask = self._new_mask
        wire: bytes = encode_frame(first, data, None if new_mask is None else new_mask())
        self.wire_bytes_out += len(wire)
        return wire

    def ping(self, data: bytes) -> bytes:
        """Return the wire bytes of a ping.

        Raises:
            ValueError: ``data`` is over 125 bytes.
        """
        return self.frame(_FIN | _PING, data)

    def pong(self, data: bytes) -> bytes:
        """Return the wire bytes of a pong; errors as for ``ping``."""
        return self.frame(_FIN | _PONG, data)

    def close(self, code: int | None = None, reason: str | bytes | None = None) -> bytes:
        """Return the wire bytes of our close frame, after which nothing may be sent.

        Returns:
            The frame; nothing if it was returned before.

        Raises:
            ValueError: The code may not be sent, or the reason is too long.
        """
        payload = encode_close(code, reason)
        if self.close_sent:
            return b""
        self.close_sent = True
        return self.frame(_FIN | _CLOSE, payload)

    def frame(self, first: int, payload: bytes) -> bytes:
        """Return the wire bytes of any frame.

        Args:
            first: Its first byte: FIN, RSV1 to RSV3, opcode.
            payload: Its payload, plain.

        Raises:
            ValueError: It is a control frame of over 125 bytes, or in fragments.
        """
        if first & 0x08 and (len(payload) > 125 or not first & _FIN):
            raise ValueError(
                f"control frame payloads may not exceed 125 bytes, nor be cut: {len(payload)} bytes"
            )
        new_mask = self._new_mask
        wire: bytes = encode_frame(first, payload, None if new_mask is None else new_mask())
        return wire


def _decoded(payload: bytes) -> str:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(error) from error


def _not_utf8(error: UnicodeDecodeError) -> RemoteProtocolError:
    found = error.object[error.start : error.start + 4]
    return RemoteProtocolError(f"text is not UTF-8: {found!r}", close_code=INVALID_DATA)
