"""Reads responses off one connection, with httptools.

Layer: HTTP. Imports from ``_base``, ``_proto`` and this package.

Theory of operation
-------------------
httptools (llhttp in its strict mode) finds the structure; it refuses what is ambiguous by
itself: lone CR or LF, folded lines, white space before a colon, two lengths, a length beside
chunks. What it lets pass is checked here: the version, transfer codings other than exactly
``chunked``, the size of the header, the number of its fields, of trailers and of 1xx responses.

One read of the socket may hold tens of thousands of chunks of one byte each, and each costs a call.
So what may hold many is parsed a slice at a time, and after so many pieces the rest has to wait for
the next turn of the loop.

The parser cannot be told that a response to HEAD has no body. Such a response is complete with
its header, and the parser, which is waiting for a body, is thrown away.
"""

from __future__ import annotations

import re
from typing import Any, Final, Protocol

import httptools

from whirlwind._base.errors import RemoteProtocolError
from whirlwind._base.limits import CHUNKS_AT_ONCE, MAX_INFORMATIONAL, MAX_TRAILER_COUNT
from whirlwind._http.client.response_head import keeps_alive
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.headers import HTTPHeaders, fields_from_wire
from whirlwind._proto.http1.framing import response_framing
from whirlwind._proto.http1.repeated_length import with_one_length

# Bytes to parse between two looks at how many pieces there were: 683 at most.
_SLICE: Final = 4096
# What a reason-phrase (RFC 9112, section 4) has none of; llhttp passes all but line ends.
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
# A status line without a reason, and the empty line that ends the header.
_LEAST_HEADER: Final = len(b"HTTP/1.1 200 \r\n\r\n")
_BAD_LENGTH: Final = "Invalid character in Content-Length"
# What llhttp says, in the words of RFC 9112 and of Tornado's log.
_REASONS: Final = {
    "Content-Length can't be present with Transfer-Encoding": (
        "Message with both Transfer-Encoding and Content-Length"
    ),
    "Transfer-Encoding can't be present with Content-Length": (
        "Message with both Transfer-Encoding and Content-Length"
    ),
    "Unexpected whitespace after header value": (
        "header line cannot start with whitespace, folding not supported"
    ),
}


class ResponseReceiver(Protocol):
    """Who gets what a response holds."""

    is_head: bool
    max_body_size: int
    upgrade: bool  # the request asks for another protocol

    def interim_received(
        self, code: int, reason: str, version: str, headers: HTTPHeaders
    ) -> None: ...
    def headers_received(
        self, code: int, reason: str, version: str, headers: HTTPHeaders
    ) -> None: ...
    def data_received(self, data: bytes) -> None: ...


class Switch(Exception):
    """The server switched to the protocol that it was asked for.

    Attributes:
        headers: The fields of its answer.
        leftover: The first bytes of the other protocol.
    """

    def __init__(self, headers: HTTPHeaders, leftover: bytes) -> None:
        super().__init__(headers, leftover)
        self.headers = headers
        self.leftover = leftover


class ResponseParser:
    """Reads one response after the other; ``begin`` comes before each.

    Args:
        max_header_size: Most bytes in the header of a response.

    Attributes:
        receiver: Who gets the response; None when nobody wants it any more.
        begun: Whether anything of the response has come.
        in_header: Whether its header is not complete.
        complete: Whether all of it has come.
        keep_alive: Whether the connection can be used again, by what the response says.
        leftover: Whether there were bytes behind its end.
        until_close: Whether only the end of the connection ends it.
        behind: Whether there is more to parse than was parsed: call ``go_on`` in another turn.
    """

    def __init__(self, max_header_size: int) -> None:
        self.receiver: ResponseReceiver | None = None
        self._max_header_size = max_header_size
        self._parser: Any = None
        self.begin()

    def begin(self) -> None:
        """Expect a new response."""
        if self.receiver is not None and self.receiver.is_head:
            self._parser = None
        self.receiver = None
        self.begun = False
        self.in_header = True
        self.complete = False
        self.keep_alive = False
        self.leftover = False
        self.until_close = False
        self.behind = False
        self._fields: list[tuple[bytes, bytes]] = []
        self._reason = b""
        self._header_size = 0
        self._unfinished: bytearray | None = None  # the header's beginning
        self._unmended: BaseException | None = None
        self._informational = 0
        self._interim = False
        self._chunked = False
        self._body_size = 0
        self._pieces = 0
        self._held = b""
        self._trailers = 0
        self._framing = 0  # bytes since the last one of the body
        self._switched: HTTPHeaders | None = None

    def close(self) -> None:
        """Parse nothing more."""
        # The parser holds our methods; without this the two would wait for the collector.
        self._parser = None
        self.receiver = None
        self._held = b""

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the wire.

        Raises:
            Switch: They are of another protocol from here on.
            RemoteProtocolError: The response breaks the grammar or a limit.
            Exception: What the receiver raised.
        """
        self.begun = True
        if self.behind:
            self._held += data
        elif self._unmended is not None:
            self._header_size += len(data)
            self._mend(self._unmended, data)
        else:
            self._parse(data)

    def go_on(self) -> None:
        """Parse what had to wait; errors as for ``feed``."""
        held, self._held = self._held, b""
        self.behind = False
        self._parse(held)

    def _parse(self, data: bytes) -> None:
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
        if (
            len(data) <= _SLICE
            or not (self.in_header or self._chunked)
            # Each chunk has two of them: without so many, all may be parsed at once.
            or data.count(b"\r\n") <= CHUNKS_AT_ONCE
        ):
            self._parse_slice(data, b"")
            return
        self._pieces = 0
        at = 0
        while at < len(data) and self.receiver is not None:
            if self.complete:
                self.leftover = True
                return
            if self._pieces > CHUNKS_AT_ONCE:
                self.behind = True
                self._held = data[at:]
                return
            following = at + _SLICE
            if self._parse_slice(data[at:following], data[following:] if self.in_header else b""):
                return
            at = following

    def _parse_slice(self, data: bytes, rest: bytes) -> bool:
        """Parse some bytes; True if what follows them was parsed as well."""
        if self.in_header:
            self._header_size += len(data)
        body_size = self._body_size
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            failure = error.__context__
            if failure is None:
                raise
            # With its own cause, which "from None" would take away.
            raise failure from failure.__cause__
        except httptools.HttpParserUpgrade as upgrade:
            switched, self._switched = self._switched, None
            if switched is None:
                raise HTTPInputError(
                    "server switched protocols without having been asked to"
                ) from None
            if self._header_size - len(data) + upgrade.args[0] > self._max_header_size:
                raise self._header_too_large() from None
            raise Switch(switched, data[upgrade.args[0] :] + rest) from None
        except httptools.HttpParserError as error:
            if str(error) == _BAD_LENGTH and self.in_header and not self._informational:
                self._header_size += len(rest)
                self._mend(error, data + rest)
                return True
            # After a complete response: bytes that do not belong to it.
            if not self.complete:
                raise HTTPInputError(_REASONS.get(str(error), str(error))) from error
            self.leftover = True
        if self._switched is not None:
            raise HTTPInputError("server switched protocols, and does not say to which")
        if self.in_header and not self.complete:
            if self._unfinished is None:
                self._unfinished = bytearray()
            self._unfinished += data
            if self._header_size > self._max_header_size:
                raise self._header_too_large()
        elif self._body_size != body_size:
            self._framing = 0
        elif not self.complete:
            # The parser keeps a trailer until its end, and passes over an extension of a chunk.
            self._framing += len(data)
            if self._framing > self._max_header_size:
                what = f"over {self._max_header_size} bytes (max_header_size)"
                raise HTTPInputError(f"trailers or extensions of chunks are {what}")
        return False

    # --- what httptools calls ---

    def on_message_begin(self) -> None:
        if self.complete:
            self.leftover = True

    def on_status(self, reason: bytes) -> None:
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.in_header:
            self._fields.append((name, value))
        else:
            # Trailers are never merged into the header; what they say about framing or access
            # comes too late to mean anything.
            self._trailers += 1
            if self._trailers > MAX_TRAILER_COUNT:
                raise HTTPInputError(f"more than {MAX_TRAILER_COUNT} trailers (MAX_TRAILER_COUNT)")

    def on_headers_complete(self) -> None:
        receiver = self.receiver
        if receiver is None or self.complete:
            self.leftover = True
            return
        code: int = self._parser.get_status_code()
        version: str = self._parser.get_http_version()
        if version not in ("1.1", "1.0") or code < 100:
            raise HTTPInputError(f"response of HTTP version {version} and status {code}")
        if self._reason and _CONTROL.search(self._reason) is not None:
            raise HTTPInputError(f"control character in the reason {self._reason[:40]!r}")
        if self._header_size > self._max_header_size:
            # Of what came, a part may be body.
            size = _LEAST_HEADER + len(self._reason)
            size += sum([len(name) + len(value) + 4 for name, value in self._fields])
            if size > self._max_header_size:
                raise self._header_too_large()
        if code == 101 and receiver.upgrade and version == "1.1":
            self._switched = fields_from_wire(self._fields)
            return
        if code < 200:
            self._take_interim(code, f"HTTP/{version}", receiver)
            return
        headers = fields_from_wire(self._fields)
        self.in_header = False
        protocol = f"HTTP/{version}"
        self._take_framing(code, protocol, headers, receiver)
        reason = self._reason.decode("latin-1")
        receiver.headers_received(code, reason, protocol, headers)
        if receiver.is_head:
            self.complete = True

    def on_body(self, data: bytes) -> None:
        receiver = self.receiver
        if self.complete or receiver is None:
            self.leftover = True
            return
        self._pieces += 1
        self._body_size += len(data)
        if self._body_size > receiver.max_body_size:
            what = "Body too long" if self.until_close else "chunked body too large"
            raise HTTPInputError(f"{what}: over {receiver.max_body_size} bytes (max_body_size)")
        receiver.data_received(data)

    def on_message_complete(self) -> None:
        if self._interim:
            self._interim = False
        elif self.complete:
            self.leftover = True
        else:
            self.complete = True

    # --- what follows from it ---

    def _mend(self, error: BaseException, data: bytes) -> None:
        """Go on where the length was said twice, once the head is there.

        The parser gives up at the comma; it gets the head again, with the length said once.
        """
        self._unmended = error
        wire = self._unfinished
        if wire is None:
            wire = self._unfinished = bytearray()
        # Not from its beginning: it may come byte by byte.
        end = max(0, len(wire) - 3)
        wire += data
        end = wire.find(b"\r\n\r\n", end) + 4
        if end < 4:
            if self._header_size > self._max_header_size:
                raise self._header_too_large()
            return
        self._unfinished = None
        head = with_one_length(bytes(wire[:end]))
        if head is None:
            several = (
                b"," in wire[:end].lower().partition(b"content-length:")[2].partition(b"\r")[0]
            )
            what = "Multiple unequal Content-Lengths" if several else str(error)
            raise HTTPInputError(what) from error
        self._unmended = None
        self._fields = []
        self._reason = b""
        self._header_size = 0
        self._parser = httptools.HttpResponseParser(self)
        self._parse(head + bytes(wire[end:]))

    def _take_interim(self, code: int, version: str, receiver: ResponseReceiver) -> None:
        self._informational += 1
        if self._informational > MAX_INFORMATIONAL:
            raise HTTPInputError(
                f"Too many 1xx responses: more than {MAX_INFORMATIONAL} (MAX_INFORMATIONAL)"
            )
        if code == 101:
            raise HTTPInputError("server switched protocols without having been asked to")
        self._interim = True
        headers = fields_from_wire(self._fields)
        reason = self._reason.decode("latin-1")
        self._fields = []
        self._reason = b""
        self._header_size = 1
        receiver.interim_received(code, reason, version, headers)

    def _take_framing(
        self, code: int, version: str, headers: HTTPHeaders, receiver: ResponseReceiver
    ) -> None:
        framing = response_framing(version, code, headers, answers_head=receiver.is_head)
        if framing.length is not None and framing.length > receiver.max_body_size:
            raise HTTPInputError(
                f"Content-Length too long: {framing.length} is over {receiver.max_body_size} bytes "
                "(max_body_size)"
            )
        self._chunked = framing.chunked
        self.until_close = framing.length is None and not framing.chunked
        self.keep_alive = not self.until_close and keeps_alive(version, headers.get("Connection"))

    def _header_too_large(self) -> RemoteProtocolError:
        return HTTPInputError(
            f"response header is over {self._max_header_size} bytes (max_header_size)", status=431
        )
