"""An answer in the making: status, header, body and tag, and how they go out.

Layer: web. Imports from ``_base``, ``_http``, ``_net`` and ``_proto``.

Theory of operation
-------------------
The attributes with an underscore that are named here (``_headers``, ``_status_code``, ``_reason``,
``_write_buffer``, ``_transforms``, ``_finished``, ``_auto_finish``, ``_headers_written``) are known
outside: agents and frameworks read and replace them. So they are the answer's only state, not
copies of it. ``_headers`` alone is not made until somebody asks: an answer whose header nobody
has touched (``_head_fields`` is None) goes out as bytes that are kept for all of them
(``_web/plain_answer.py``, ``_web/response_head.py``).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from whirlwind._base.escape import json_encode, utf8
from whirlwind._base.late_pattern import late_pattern
from whirlwind._base.old_arguments import accepts_old
from whirlwind._http.messages import HTTPServerRequest
from whirlwind._http.server.exchange import Exchange
from whirlwind._http.write_callbacks import call_when_written
from whirlwind._net.iostream import IOStream
from whirlwind._proto.http.dates import format_timestamp
from whirlwind._proto.http.errors import HTTPOutputError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import ResponseStartLine
from whirlwind._proto.http.status import has_no_body, responses
from whirlwind._web.etags import etag_matches, etag_of
from whirlwind._web.plain_answer import PlainAnswers
from whirlwind._web.response_head import DEFAULTS, JSON
from whirlwind._web.transforms import OutputTransform

if TYPE_CHECKING:
    from whirlwind._web.application import Application

# What may not stand in a header's value; whoever tries wants to write two headers in one.
_UNSAFE_VALUE: Final = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
# Angle brackets are allowed there, and have no business but in pages that forget to escape them.
_UNSAFE_REASON: Final = late_pattern(r"[^\t\x20-\x7e\x80-\xff]|[<>]")


class Answer:
    """The first half of a handler: what it writes, and how that goes out.

    Attributes:
        application: The handler's application.
        request: The request that is answered.
    """

    application: Application
    request: HTTPServerRequest

    # Until one of them is another, an instance need not hold them.
    _write_buffer: list[bytes]
    _headers_written = False
    _finished = False
    _auto_finish = True
    _transforms: list[OutputTransform] = []
    _status_code = 200
    _reason = "OK"
    _head_fields: HTTPHeaders | None = None  # what _headers returned or was set to; None if neither
    _answers_json = False  # the body is JSON, and nobody has asked for the headers
    _computed_etag: str | None = None  # computed, and nobody has asked for the headers
    _sent_head: bytes | None = None  # first line and fields, where the answer was sent whole
    _made_ui = False  # ``ui`` is there, which refers back to this object

    @property
    def settings(self) -> dict[str, Any]:
        """The application's settings."""
        return self.application.settings

    # --- hooks ---

    def set_default_headers(self) -> None:
        """Called for each answer, before the handler runs and again for an error's answer."""

    def on_finish(self) -> None:
        """Called when the answer has been handed to the connection; it cannot be changed."""

    def _log(self) -> None:
        """Write the line about this request to the access log."""
        raise NotImplementedError

    # --- status and headers ---

    @property
    def _headers(self) -> HTTPHeaders:
        headers = self._head_fields
        if headers is None:
            if self._sent_head is not None:
                # It went out as bytes; log functions and agents may want to know what was in it.
                lines = self._sent_head.partition(b"\r\n")[2].decode("latin-1")
                headers = self._head_fields = HTTPHeaders.parse(lines)
                return headers
            headers = self._head_fields = DEFAULTS.headers(
                getattr(self.request, "_start_time", None)
            )
            if self._answers_json:
                headers["Content-Type"] = JSON
            if self._computed_etag is not None:
                headers["Etag"] = self._computed_etag
        return headers

    @_headers.setter
    def _headers(self, headers: HTTPHeaders) -> None:
        self._head_fields = headers

    def clear(self) -> None:
        """Forget status, headers and body of the answer so far."""
        self._head_fields = self._computed_etag = None
        self._answers_json = False
        self._write_buffer = []
        self._status_code = 200
        self._reason = "OK"
        self.set_default_headers()

    def set_status(self, status_code: int, reason: str | None = None) -> None:
        """Set the status of the answer.

        Args:
            status_code: 100 to 999.
            reason: The phrase; None for the code's own. One that is empty or may not be sent is
                "Unknown": it often is the text of an exception, where a client may have a say.
        """
        self._status_code = status_code
        if reason is None:
            self._reason = responses.get(status_code, "Unknown")
        else:
            phrase = str(reason).strip()
            unsafe = not phrase or _UNSAFE_REASON().search(phrase)
            self._reason = "Unknown" if unsafe else phrase

    def get_status(self) -> int:
        """Return the status of the answer."""
        return self._status_code

    def set_header(self, name: str, value: bytes | str | int | datetime) -> None:
        """Set a header of the answer, in place of any of that name.

        Args:
            name: The name.
            value: Text or bytes; a number is written in digits, a ``datetime`` as HTTP does.

        Raises:
            TypeError: ``value`` is of another type.
            ValueError: ``value`` holds characters that may not be sent.
        """
        self._headers[name] = self._convert_header_value(value)

    def add_header(self, name: str, value: bytes | str | int | datetime) -> None:
        """Add a header beside those of that name; arguments and errors as in ``set_header``."""
        self._headers.add(name, self._convert_header_value(value))

    def clear_header(self, name: str) -> None:
        """Take a header back, one of the default ones included; nothing if it is not there."""
        if name in self._headers:
            del self._headers[name]

    def _convert_header_value(self, value: bytes | str | float | datetime) -> str:
        if isinstance(value, str):
            text = value
        elif isinstance(value, bytes):
            text = value.decode("latin-1")
        elif isinstance(value, int):
            return str(value)  # digits only
        elif isinstance(value, datetime):
            return format_timestamp(value)
        else:
            raise TypeError(f"Unsupported header value {value!r}")
        if not (text.isprintable() and text.isascii()) and _UNSAFE_VALUE.search(text):
            raise ValueError(f"Unsafe header value {text[:40]!r}")
        return text

    def redirect(self, url: str, permanent: bool = False, status: int | None = None) -> None:
        """Answer with a redirect, and finish.

        Args:
            url: Where to, absolute or relative to the request.
            permanent: 301 instead of 302.
            status: Another status of 300 to 399, in place of either.

        Raises:
            RuntimeError: The head of the answer was sent already.
        """
        if self._headers_written:
            raise RuntimeError("Cannot redirect after headers have been written")
        if status is None:
            status = 301 if permanent else 302
        elif not (isinstance(status, int) and 300 <= status <= 399):
            raise AssertionError(f"status {status!r} is no redirect")
        self.set_status(status)
        self.set_header("Location", utf8(url))
        self.finish()

    # --- the body of the answer ---

    def write(self, chunk: Any) -> None:
        """Add to the body of the answer; it goes out with ``flush`` or ``finish``.

        Args:
            chunk: Bytes; text, which is encoded as UTF-8; or a dictionary, which is written as
                JSON and sets the Content-Type. With the application's setting ``write_any_json``
                lists, tuples, numbers, booleans and None are written so as well.

        Raises:
            RuntimeError: The answer is complete.
            TypeError: ``chunk`` is of another type; by default lists are left out on purpose.
        """
        if self._finished:
            raise RuntimeError("Cannot write() after finish()")
        if isinstance(chunk, str):
            self._write_buffer.append(chunk.encode())
        elif isinstance(chunk, bytes):
            self._write_buffer.append(chunk)
        elif isinstance(chunk, dict) or self._writes_as_json(chunk):
            if self._head_fields is not None or type(self).set_header is not _stock_set_header:
                self.set_header("Content-Type", JSON)
            else:
                self._answers_json = True
            self._write_buffer.append(json_encode(chunk).encode())
        else:
            message = "write() only accepts bytes, unicode, and dict objects"
            if isinstance(chunk, list):
                message += ". Lists not accepted: old browsers run a page of JSON that is a list"
            raise TypeError(message)

    def _writes_as_json(self, chunk: Any) -> bool:
        if not self.settings.get("write_any_json"):
            return False
        return isinstance(chunk, list | tuple | int | float | None)

    @accepts_old("callback")
    def flush(
        self, include_footers: bool = False, callback: Callable[[], None] | None = None
    ) -> asyncio.Future[None]:
        """Send what was written so far.

        Args:
            include_footers: True for the last piece; ``finish`` says so.
            callback: Called when the peer has room for more, not if the connection closes, as
                until Tornado 5.1.

        Returns:
            A future that is done when the peer has room for more: wait for it, or a slow client
            lets the answer pile up in memory.
        """
        connection = self.request.connection
        if connection is None:
            raise RuntimeError("this request has no connection to write to")
        buffer = self._write_buffer
        chunk = buffer[0] if len(buffer) == 1 else b"".join(buffer)
        self._write_buffer = []
        if not self._headers_written:
            self._headers_written = True
            try:
                future = self._send_head(connection, chunk, include_footers)
            except HTTPOutputError:
                # A head that was refused leaves room for an error page.
                if isinstance(connection, Exchange) and connection.can_begin():
                    self._headers_written = False
                raise
        else:
            for transform in self._transforms:
                chunk = transform.transform_chunk(chunk, include_footers)
            future = connection.write(b"" if self.request.method == "HEAD" else chunk)
        if callback is not None:
            call_when_written(future, callback)
        return future

    def _send_head(self, connection: Any, chunk: bytes, finishing: bool) -> asyncio.Future[None]:
        if (
            finishing
            and "Content-Length" not in self._headers
            and not has_no_body(self._status_code)
        ):
            self._headers["Content-Length"] = str(len(chunk))
        for transform in self._transforms:
            self._status_code, self._headers, chunk = transform.transform_first_chunk(
                self._status_code, self._headers, chunk, finishing
            )
        cookies = getattr(self, "_new_cookie", None)
        if cookies:
            for cookie in cookies.values():
                self.add_header("Set-Cookie", cookie.OutputString(None))
        if self.request.method == "HEAD":
            chunk = b""
        start_line = ResponseStartLine("", self._status_code, self._reason)
        sent: asyncio.Future[None] = connection.write_headers(start_line, self._headers, chunk)
        return sent

    def finish(self, chunk: str | bytes | dict[str, Any] | None = None) -> asyncio.Future[None]:
        """Complete the answer.

        Args:
            chunk: A last piece of the body, as for ``write``.

        Returns:
            A future that is done when the answer was handed to the system; waiting for it is
            not needed.

        Raises:
            RuntimeError: The answer is complete already, or has a body that its status forbids.
        """
        if self._finished:
            raise RuntimeError("finish() called twice")
        if chunk is not None:
            self.write(chunk)
        connection = self.request.connection
        future: asyncio.Future[None] | None = _plain.send(self, connection)
        if future is None:
            if not self._headers_written:
                self._frame_whole_answer()
            if type(connection) is not Exchange and connection is not None:
                connection.set_close_callback(None)  # ours forgets it by itself
            future = self.flush(include_footers=True)
        connection.finish()
        self._log()
        self._finished = True
        self.on_finish()
        self._break_cycles()
        return future

    def detach(self) -> IOStream:
        """Take the connection out of the server's hands, for a protocol of another kind.

        Call it after an answer of 101 was written, or none; nothing else of this handler may be
        used then.

        Returns:
            The connection as a stream, with what the client sent ahead still to be read; an
            ``SSLIOStream`` where the client speaks TLS.

        Raises:
            RuntimeError: The connection is gone.
        """
        self._finished = True
        connection: Exchange = self.request.connection
        return connection.detach()

    def _frame_whole_answer(self) -> None:
        """Set what can be known of an answer that is all there: its tag and its length."""
        if (
            self._status_code == 200
            and self.request.method in ("GET", "HEAD")
            # Who sets a tag of its own compares it as well, or does not want that.
            and (self._head_fields is None or "Etag" not in self._head_fields)
        ):
            self.set_etag_header()
            if self.check_etag_header():
                self._write_buffer = []
                self.set_status(304)
        if self._status_code != 200 and has_no_body(self._status_code):
            if self._write_buffer:
                self._write_buffer = []
                raise RuntimeError(f"Cannot send body with {self._status_code} status code")
            self._clear_representation_headers()
        elif self._head_fields is not None and "Content-Length" not in self._head_fields:
            # Where nobody has touched the headers, flush() knows it as well.
            self.set_header("Content-Length", sum(map(len, self._write_buffer)))

    def _clear_representation_headers(self) -> None:
        # RFC 9110, section 15.4.5: a 304 describes nothing that the client does not have.
        for name in ("Content-Encoding", "Content-Language", "Content-Type"):
            self.clear_header(name)

    # --- entity tags ---

    def compute_etag(self) -> str | None:
        """Return the entity tag of what was written, quotes included; None for no tag."""
        return etag_of(self._write_buffer)

    def set_etag_header(self) -> None:
        """Set the Etag header to what ``compute_etag`` returns."""
        etag = self.compute_etag()
        if etag is None:
            return
        if (
            self._head_fields is not None
            or type(self).set_header is not _stock_set_header
            or not isinstance(etag, str)
            or not (etag.isascii() and etag.isprintable())
        ):
            self.set_header("Etag", etag)
        else:
            self._computed_etag = etag

    def check_etag_header(self) -> bool:
        """True if the client says that it holds what our Etag header names."""
        block = self.request._block
        held = self.request.headers.get("If-None-Match") if block is None else block.if_none_match
        if not held:
            return False
        return etag_matches(self._headers.get("Etag", ""), held)

    def _break_cycles(self) -> None:
        """Let go of what refers back to this handler, so that no collector is needed."""
        if self._made_ui:
            self._made_ui = False
            state = self.__dict__
            state.pop("ui", None)
            state.pop("_active_modules", None)


_stock_set_header: Final = Answer.set_header
_plain: Final = PlainAnswers(Answer)
