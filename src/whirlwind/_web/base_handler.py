"""What HTTP needs of a handler: run it, and write its answer.

Layer: web. Imports from ``_base``, ``_http``, ``_net`` and ``_proto``.

Theory of operation
-------------------
A handler runs in steps (``prepare``, the body of a streamed request, the method of the request's
name), and each step may return something to wait for. ``_begin`` runs steps until there is such a
thing and returns it; ``_resume`` is called when it is done and goes on. Who waits is not their
business: ``_execute`` is an ``async def`` that waits with ``await``, and it is what monitoring
agents replace and subclasses extend; where nobody did, the application drives the same two
functions without a task (``_web/running.py``). When no step waits, neither costs a turn of the
loop.

The attributes with an underscore that are named here (``_headers``, ``_status_code``, ``_reason``,
``_write_buffer``, ``_transforms``, ``_finished``, ``_auto_finish``, ``_headers_written``) are known
outside: agents and frameworks read and replace them. So they are the handler's only state, not
copies of it. ``_headers`` alone is not there until somebody asks.
"""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import Awaitable, Callable
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, TypeAlias

from whirlwind._base.escape import json_encode, to_unicode, utf8, xhtml_escape
from whirlwind._base.lazy import lazy
from whirlwind._base.log import app_log, gen_log
from whirlwind._http.messages import HTTPServerRequest
from whirlwind._http.server.exchange import Exchange
from whirlwind._net.iostream import IOStream
from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._proto.http.dates import format_timestamp
from whirlwind._proto.http.errors import HTTPInputError, HTTPOutputError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import ResponseStartLine
from whirlwind._proto.http.status import has_no_body, responses
from whirlwind._web.errors import Finish, HTTPError
from whirlwind._web.etags import etag_matches, etag_of
from whirlwind._web.response_head import DEFAULTS, JSON
from whirlwind._web.transforms import OutputTransform

if TYPE_CHECKING:
    from whirlwind._web.application import Application

# What may not stand in a header's value; whoever tries wants to write two headers in one.
_UNSAFE_VALUE: Final = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
# Methods that change nothing (RFC 9110, section 9.2.1), as far as handlers keep to it.
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_METHOD_NAMES: Final[dict[str | None, str]] = {
    name: name.lower() for name in ("GET", "HEAD", "POST", "DELETE", "PATCH", "PUT", "OPTIONS")
}
# Angle brackets are allowed there, and have no business but in pages that forget to escape them.
_UNSAFE_REASON: Final = re.compile(r"[^\t\x20-\x7e\x80-\xff]|[<>]")


#: A handler's answer to one method of HTTP: a plain function, a coroutine, an ``async def``.
Method: TypeAlias = Callable[..., Awaitable[None] | None]


class BaseHandler:
    """The half of ``RequestHandler`` that knows HTTP: running, headers, body, errors."""

    SUPPORTED_METHODS: ClassVar[tuple[str, ...]] = (
        "GET",
        "HEAD",
        "POST",
        "DELETE",
        "PATCH",
        "PUT",
        "OPTIONS",
    )

    # Until one of them is another, an instance need not hold them.
    _write_buffer: list[bytes]
    path_args: list[str | None] = []
    path_kwargs: dict[str, str | None] = {}
    _headers_written = False
    _finished = False
    _auto_finish = True
    _stream_request_body = False
    _cancelled = False  # the task of a step was cancelled, and not what it waited for
    _prepared_future: asyncio.Future[None] | None = None
    _transforms: list[OutputTransform] = []
    _status_code = 200
    _reason = "OK"
    _json = False  # the body is JSON, and nobody has asked for the headers
    _etag: str | None = None  # computed, and nobody has asked for the headers
    _next: Callable[[Any], Awaitable[Any] | None] | None = None

    def __init__(self, application: Application, request: HTTPServerRequest, **kwargs: Any) -> None:
        self.application = application
        self.request = request
        if type(self).clear is _stock_clear:
            # All that clear() would set is the class's still.
            self._write_buffer = []
            self.set_default_headers()
        else:
            self.clear()
        self.initialize(**kwargs)

    def _initialize(self) -> None:
        pass

    #: Called with the arguments of the handler's rule; override to take them.
    initialize: Callable[..., None] = _initialize

    @property
    def settings(self) -> dict[str, Any]:
        """The application's settings."""
        return self.application.settings

    # --- the methods of HTTP ---

    def _unimplemented_method(self, *args: str, **kwargs: str) -> NoReturn:
        raise HTTPError(405)

    get: Method = _unimplemented_method
    head: Method = _unimplemented_method
    options: Method = _unimplemented_method
    post: Method = _unimplemented_method
    put: Method = _unimplemented_method
    patch: Method = _unimplemented_method
    delete: Method = _unimplemented_method

    # --- hooks ---

    def prepare(self) -> Awaitable[None] | None:
        """Called before the request's method; may wait. Finish here and the method is not run."""

    def on_finish(self) -> None:
        """Called when the answer has been handed to the connection; it cannot be changed."""

    def on_connection_close(self) -> None:
        """Called if the client closes its side before the answer is complete.

        Override to free what a long answer holds. Clients in front of a proxy often keep the
        connection open, so it may not come.
        """
        body = self.request.__dict__.get("_body_future")
        if body is not None and not body.done():
            body.set_exception(StreamClosedError())
            body.exception()

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Called with each piece of a streamed body (``stream_request_body``); may wait.

        Args:
            chunk: 1 to ``chunk_size`` bytes of the body.
        """
        raise NotImplementedError

    def set_default_headers(self) -> None:
        """Called for each answer, before the handler runs and again for an error's answer."""

    # --- status and headers ---

    @lazy
    def _headers(self) -> HTTPHeaders:
        headers = DEFAULTS.headers(self.request._start_time)
        if self._json:
            headers["Content-Type"] = JSON
        if self._etag is not None:
            headers["Etag"] = self._etag
        return headers

    def clear(self) -> None:
        """Forget status, headers and body of the answer so far."""
        state = self.__dict__
        if "_headers" in state:
            del state["_headers"]
        self._write_buffer = []
        if self._json:
            self._json = False
        if self._etag is not None:
            self._etag = None
        if self._status_code != 200 or "_reason" in state:
            self._status_code = 200
            state.pop("_reason", None)
        self.set_default_headers()

    def set_status(self, status_code: int, reason: str | None = None) -> None:
        """Set the status of the answer.

        Args:
            status_code: 100 to 999.
            reason: The phrase; None for the code's own, or "Unknown".

        Raises:
            ValueError: ``reason`` holds characters that may not be sent.
        """
        self._status_code = status_code
        if reason is not None:
            if _UNSAFE_REASON.search(reason) or reason != reason.strip():
                raise ValueError(f"Unsafe reason phrase {reason[:40]!r}")
            self._reason = str(reason)
        else:
            self._reason = responses.get(status_code, "Unknown")

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
                JSON and sets the Content-Type.

        Raises:
            RuntimeError: The answer is complete.
            TypeError: ``chunk`` is of another type; lists are left out on purpose.
        """
        if self._finished:
            raise RuntimeError("Cannot write() after finish()")
        if isinstance(chunk, str):
            self._write_buffer.append(chunk.encode())
        elif isinstance(chunk, bytes):
            self._write_buffer.append(chunk)
        elif isinstance(chunk, dict):
            if "_headers" in self.__dict__ or type(self).set_header is not BaseHandler.set_header:
                self.set_header("Content-Type", JSON)
            else:
                self._json = True
            self._write_buffer.append(json_encode(chunk).encode())
        else:
            message = "write() only accepts bytes, unicode, and dict objects"
            if isinstance(chunk, list):
                message += ". Lists not accepted: old browsers run a page of JSON that is a list"
            raise TypeError(message)

    def flush(
        self, include_footers: bool = False, callback: Callable[[], None] | None = None
    ) -> asyncio.Future[None]:
        """Send what was written so far.

        Args:
            include_footers: True for the last piece; ``finish`` says so.
            callback: Called when the peer has room for more, as Tornado 4 had it.

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
            state = self.__dict__
            if (
                # The answer is whole, and its head is the one that nobody has touched.
                include_footers
                and "_headers" not in state
                and type(connection) is Exchange
                and connection.direct
                and self._status_code == 200
                and "_reason" not in state
                and "_new_cookie" not in state
                and not self._transforms
            ):
                future = self._send_bytes(connection, chunk)
            else:
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
            future.add_done_callback(lambda _: callback())
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
        cookies = self.__dict__.get("_new_cookie")
        if cookies:
            for cookie in cookies.values():
                self.add_header("Set-Cookie", cookie.OutputString(None))
        if self.request.method == "HEAD":
            chunk = b""
        start_line = ResponseStartLine("", self._status_code, self._reason)
        sent: asyncio.Future[None] = connection.write_headers(start_line, self._headers, chunk)
        return sent

    def _send_bytes(self, connection: Exchange, chunk: bytes) -> asyncio.Future[None]:
        fields = DEFAULTS
        now = self.request._start_time
        if not fields.since <= now < fields.until:
            fields.refresh(now)
        head = fields.json if self._json else fields.html
        if self._etag is not None:
            head = b"%bEtag: %b\r\n" % (head, self._etag.encode())
        return connection.answer(head, chunk)

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
            The connection as a stream, with what the client sent ahead still to be read.

        Raises:
            RuntimeError: The connection is gone, or is of TLS, whose state cannot be moved.
        """
        self._finished = True
        connection: Exchange = self.request.connection
        return connection.detach()

    def _frame_whole_answer(self) -> None:
        """Set what can be known of an answer that is all there: its tag and its length."""
        if self._status_code == 200 and self.request.method in ("GET", "HEAD"):
            self.set_etag_header()
            if self.check_etag_header():
                self._write_buffer = []
                self.set_status(304)
        if has_no_body(self._status_code):
            if self._write_buffer:
                self._write_buffer = []
                raise RuntimeError(f"Cannot send body with {self._status_code} status code")
            self._clear_representation_headers()
        elif "_headers" in self.__dict__ and "Content-Length" not in self._headers:
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
            "_headers" in self.__dict__
            or not isinstance(etag, str)
            or not (etag.isascii() and etag.isprintable())
        ):
            self.set_header("Etag", etag)
        else:
            self._etag = etag

    def check_etag_header(self) -> bool:
        """True if the client says that it holds what our Etag header names."""
        request = self.request
        block = request._block
        if block is not None and "headers" not in request.__dict__:
            held = block.if_none_match
        else:
            held = request.headers.get("If-None-Match")
        if not held:
            return False
        return etag_matches(self._headers.get("Etag", ""), held)

    # --- errors ---

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Answer with an error page, in place of what was written so far, and finish.

        Where the head was sent already, the answer ends where it is.

        Args:
            status_code: The status.
            **kwargs: For ``write_error``; ``reason`` is the reason phrase, ``exc_info`` the
                exception as ``sys.exc_info()`` gives it.
        """
        if self._headers_written:
            self._break_off()
            return
        self.clear()
        wanted = kwargs.get("reason")
        raised = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        if isinstance(raised, HTTPError):
            wanted = raised.reason or wanted
        try:
            self.set_status(status_code, wanted)
        except ValueError:
            # The phrase came from somewhere that a client may reach.
            self.set_status(status_code, "Unknown")
        try:
            self.write_error(status_code, **kwargs)
        except Exception:
            app_log.error("Uncaught exception in write_error", exc_info=True)
        if not self._finished:
            self.finish()

    def _break_off(self) -> None:
        """End an answer that has begun and turned out to be an error.

        Without the rest of a body that was announced the connection ends here, which is how the
        client can tell.
        """
        gen_log.error("Cannot send error response after headers written")
        if self._finished:
            return
        try:
            self.finish()
        except Exception:
            gen_log.error("Failed to flush partial response", exc_info=True)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write an error page and finish; override for pages of your own.

        Args:
            status_code: The status.
            **kwargs: ``exc_info`` if there was an exception, as ``sys.exc_info()`` gives it.
        """
        if has_no_body(status_code):
            self.finish()
        elif self.settings.get("serve_traceback") and "exc_info" in kwargs:
            self.set_header("Content-Type", "text/plain")
            for line in traceback.format_exception(*kwargs["exc_info"]):
                self.write(line)
            self.finish()
        else:
            title = f"{status_code}: {xhtml_escape(self._reason)}"
            self.finish(f"<html><title>{title}</title><body>{title}</body></html>")

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log an exception that ended the handler; override to report it elsewhere.

        ``HTTPError`` is logged as a warning, without traceback, if it has a message; anything
        else as an error. Arguments are those of ``sys.exc_info()``.
        """
        if isinstance(value, HTTPError):
            message = value.get_message()
            if message:
                gen_log.warning("%d %s: %s", value.status_code, self._request_summary(), message)
        elif isinstance(value, HTTPInputError):
            gen_log.warning("400 %s: %s", self._request_summary(), value)
        else:
            app_log.error(
                "Uncaught exception %s\n%r",
                self._request_summary(),
                self.request,
                exc_info=(typ, value, tb),  # type: ignore[arg-type]
            )

    def _handle_request_exception(self, error: BaseException) -> None:
        """Answer an exception, whichever it is: with an error page as a rule."""
        exc_info = (type(error), error, error.__traceback__)
        if isinstance(error, Finish):
            if not self._finished:
                self.finish(*error.args)
            return
        try:
            if not self._cancelled:  # somebody's wish, no mistake
                self.log_exception(*exc_info)
        except Exception:
            # An error while logging must not keep the client waiting.
            app_log.error("Error in exception logger", exc_info=True)
        if self._finished:
            return
        if isinstance(error, HTTPError):
            self.send_error(error.status_code, exc_info=exc_info)
        elif isinstance(error, HTTPInputError):
            # Of what is wrong with a body: 400 as in Tornado, whichever status fits better.
            self.send_error(400, exc_info=exc_info)
        else:
            self.send_error(500, exc_info=exc_info)

    # --- running ---

    async def _execute(
        self, transforms: list[OutputTransform], *args: bytes | None, **kwargs: bytes | None
    ) -> None:
        """Run the handler from ``prepare`` to its answer. Agents replace this."""
        waiting = self._begin(transforms, args, kwargs)
        while waiting is not None:
            settled = _Settled()
            try:
                settled.value = await waiting
            except asyncio.CancelledError as error:
                settled.error = error
                task = asyncio.current_task()
                self._cancelled = task is not None and task.cancelling() > 0
                waiting = self._resume(settled.result)
                if self._cancelled:
                    raise
                continue
            except Exception as error:
                settled.error = error
            waiting = self._resume(settled.result)

    def _begin(
        self,
        transforms: list[OutputTransform],
        args: Any,
        kwargs: dict[str, bytes | None],
    ) -> Awaitable[Any] | None:
        """Run the first steps; return what has to be waited for, or None when all is done."""
        try:
            if transforms:
                self._transforms = transforms
            request = self.request
            if request.method not in self.SUPPORTED_METHODS:
                raise HTTPError(405)
            if args:
                self.path_args = [
                    None if arg is None else self.decode_argument(arg) for arg in args
                ]
            if kwargs:
                self.path_kwargs = {
                    name: None if value is None else self.decode_argument(value, name=name)
                    for name, value in kwargs.items()
                }
            if request.method not in _SAFE:
                self._check_request()
            waiting = self.prepare()
            if waiting is not None:
                self._next = self._after_prepare
                return waiting
            if self._prepared_future is not None:
                return self._after_prepare(None)
            return None if self._finished else self._run_method()
        except Exception as error:
            self._failed(error)
            return None

    def _resume(self, result: Callable[[], Any]) -> Awaitable[Any] | None:
        """Go on when what was waited for is done.

        Args:
            result: Returns its value or raises its exception.
        """
        step = self._next
        self._next = None
        try:
            value = result()
            return None if step is None else step(value)
        except (Exception, asyncio.CancelledError) as error:
            self._failed(error)
            return None

    def _check_request(self) -> None:
        """Refuse what the application's settings forbid; asked for methods that change things."""

    def _after_prepare(self, _: object) -> Awaitable[Any] | None:
        prepared = self._prepared_future
        if prepared is not None and not prepared.done():
            prepared.set_result(None)
        if self._finished:
            return None
        if prepared is not None:
            self._next = self._after_body
            body: Awaitable[Any] = self.request._body_future  # type: ignore[attr-defined]
            return body
        return self._run_method()

    def _after_body(self, _: object) -> Awaitable[Any] | None:
        return None if self._finished else self._run_method()

    def _run_method(self) -> Awaitable[Any] | None:
        name = self.request.method
        method = getattr(self, _METHOD_NAMES.get(name) or str(name).lower())
        waiting: Awaitable[Any] | None = method(*self.path_args, **self.path_kwargs)
        if waiting is not None:
            self._next = self._after_method
            return waiting
        if not self._finished:
            if self._auto_finish:
                self.finish()
            else:
                request = self.request
                request.connection.set_close_callback(self.on_connection_close)
        return None

    def _after_method(self, _: object) -> None:
        if self._auto_finish and not self._finished:
            self.finish()

    def _failed(self, error: BaseException) -> None:
        prepared = self._prepared_future
        try:
            if isinstance(error, StreamClosedError) and prepared is not None and self._body_lost():
                return  # the client went away before its body was complete: nobody to tell
            self._handle_request_exception(error)
        except Exception:
            app_log.error("Exception in exception handler", exc_info=True)
        finally:
            if prepared is not None and not prepared.done():
                prepared.set_result(None)

    def _body_lost(self) -> bool:
        body = self.request.__dict__.get("_body_future")
        return body is not None and body.done() and body.exception() is not None

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        """Decode an argument from the path, the query or the body; override for encodings.

        Args:
            value: Its bytes, already unescaped.
            name: Its name; None for a positional one of the path.

        Raises:
            HTTPError: 400, the value is not UTF-8.
        """
        try:
            return to_unicode(value)
        except UnicodeDecodeError:
            raise HTTPError(400, "Invalid unicode in %s: %r", name or "url", value[:40]) from None

    def _log(self) -> None:
        self.application.log_request(self)

    def _request_summary(self) -> str:
        request = self.request
        return f"{request.method} {request.uri} ({request.remote_ip})"

    def _break_cycles(self) -> None:
        """Let go of what refers back to this handler, so that no collector is needed."""
        if "ui" in self.__dict__:
            del self.__dict__["ui"]


_stock_clear: Final = BaseHandler.clear


class _Settled:
    """A value or an exception, with the ``result`` of a future."""

    error: BaseException | None = None
    value: Any = None

    def result(self) -> Any:
        error = self.error
        if error is not None:
            self.error = None
            raise error
        return self.value
