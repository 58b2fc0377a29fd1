"""One fetch, from the moment it has a place among ``max_clients`` to its response.

Layer: HTTP. Imports from ``_base``, ``_net``, ``_proto`` and this package.

Theory of operation
-------------------
A fetch is a series of hops, one for each redirect, one more where a kept connection turned out
to be dead. A hop takes a connection from the pool, or opens one in a task, and is then driven by
that connection: no task and no turn of the loop of its own. What a hop changes (method, header
fields, what is left of redirects) is set up in ``_begin_hop`` and nowhere else.

A fetch ends in one of three ways, and in only one of them: with a response, with an error, or
aborted, of which only the one who aborts it is told. ``_end`` gives back all it holds in each case.
"""

from __future__ import annotations

import asyncio
import contextvars
import errno
import functools
import ssl
import time
from collections.abc import Callable
from typing import Any, Final

from whirlwind._base.limits import MAX_REDIRECT_BODY
from whirlwind._base.log import app_log
from whirlwind._engine import error_scope
from whirlwind._http.client.connection import HTTPClientConnection
from whirlwind._http.client.connector import Progress
from whirlwind._http.client.errors import (
    HTTPStreamClosedError,
    HTTPStreamResetError,
    HTTPTimeoutError,
    refused_response,
)
from whirlwind._http.client.opening import Opening
from whirlwind._http.client.prepared_request import PreparedRequest
from whirlwind._http.client.program_calls import CallbackError, call_in
from whirlwind._http.client.received_body import ReceivedBody
from whirlwind._http.client.redirects import Following, following_request, is_redirect
from whirlwind._http.client.request import HTTPRequest, _RequestProxy
from whirlwind._http.client.request_body import ProducedBody
from whirlwind._http.client.response import HTTPResponse, Times
from whirlwind._http.client.response_head import ResponseHead
from whirlwind._http.client.settings import Settings
from whirlwind._http.client.shared import Shared
from whirlwind._http.client.target import url_text
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.headers import HTTPHeaders

# May be sent twice without harm (RFC 9110, section 9.2.2).
_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
# Bodies up to this size are copied behind their head, to go out in one packet.
_JOINED_BODY: Final = 16_384
_REDIRECT: Final = "redirect"
_CHALLENGE: Final = "challenge"


class Fetch:
    """One fetch of a client.

    Args:
        shared: What it has in common with the other fetches of its client.
        request: What to fetch; usually a ``_RequestProxy``.
        callback: Called once with the response, unless the fetch is aborted.

    Attributes:
        is_head, max_body_size, upgrade, is_quiet: For the connection.
        settings: What the request asks for, with its client's defaults.
        queued_at: When it began to wait for a place, on the loop's clock.
        place: The host that it counts for, where hosts are counted.
    """

    # What most fetches leave as it is.
    is_head = False
    upgrade = False
    queued_at = 0.0
    place: tuple[str, int] | None = None
    _context: contextvars.Context | None = None
    _done = False
    _prepared: PreparedRequest | None = None
    _connection: HTTPClientConnection | None = None
    _opening: Opening | None = None
    _producing: ProducedBody | None = None
    _body_held = False  # until the server asks for it
    _progress: Progress | None = None
    _started = 0.0
    _start_time = 0.0
    _hop_started = 0.0
    _sent_at = 0.0
    _first_byte_at = 0.0
    _redirects = 0  # how many were followed
    _code = 0
    _reason = ""
    _response_headers: HTTPHeaders | None = None
    _following = ""  # why the response is not the last one: _REDIRECT or _CHALLENGE
    _answered: frozenset[int] = frozenset()
    _discarded = 0
    _received: ReceivedBody | None = None

    def __init__(
        self,
        shared: Shared,
        request: HTTPRequest | _RequestProxy,
        callback: Callable[[HTTPResponse], None],
    ) -> None:
        self.settings = settings = shared.settings.read(request)
        raw = request.request if isinstance(request, _RequestProxy) else request
        self.is_quiet = settings.is_quiet
        self.max_body_size = shared.max_body_size
        self._shared = shared
        self._loop = shared.loop
        self._request = raw
        self._callback: Callable[[HTTPResponse], None] | None = callback
        self._method: str = raw.method
        self._url: str = raw.url
        # Never changed here; a client's own fetch() made it a copy of the program's.
        headers = raw._headers
        if headers is not None and not isinstance(headers, HTTPHeaders):
            headers = HTTPHeaders(headers)
        self._headers: HTTPHeaders | None = headers
        self._body = raw._body
        self._producer = settings.body_producer
        if not settings.is_quiet:
            # Callbacks see the context variables of who asked, not of who opened the connection.
            self._context = contextvars.copy_context()
        # Of the request, whatever a redirect changes.
        self._request_timeout = settings.request_timeout
        self._queue_timeout = settings.queue_timeout

    # --- the way through ---

    def start(self) -> None:
        """Begin, now that there is a place for it."""
        self._started = now = self._loop.time()
        self._start_time = time.time()
        if timeout := self.settings.request_timeout:
            self._shared.totals.add(self, timeout, now)
        try:
            self._begin_hop(now)
        except Exception as error:
            self.fail(error)

    def _begin_hop(self, now: float) -> None:
        if type(self._url) is not str:
            self._url = url_text(self._url)
        prepared = None
        plain = self.settings.plain
        if plain and self._method == "GET" and self._body is None and not self._headers:
            prepared = plain.get(self._url)
        if prepared is None:
            prepared = self._shared.requests.prepare(
                self._url,
                self._method,
                self._headers,
                self._body,
                self.settings,
                has_producer=self._producer is not None,
                is_http=not self.upgrade,
            )
            self.is_quiet = self.settings.is_quiet and not prepared.accounts
        self._prepared = prepared
        self.is_head = self._method == "HEAD"
        self._hop_started = now
        pool = self._shared.pool
        take = pool.take if self._is_repeatable else pool.take_trusted
        connection = take(prepared.key)
        if connection is not None:
            self._send(connection, now)
        else:
            self._open()

    @property
    def _is_repeatable(self) -> bool:
        return self._method in _IDEMPOTENT and self._producer is None

    def _open(self) -> None:
        assert self._prepared is not None
        self._shared.connector.prepare(self._prepared.key)
        self._opening = Opening(self._shared, self._prepared, self)
        self._progress = self._opening.progress
        if timeout := self._queue_timeout:
            self._shared.stages.add(self, timeout, self._loop.time())

    def connection_opened(self, connection: HTTPClientConnection) -> None:
        """The connection that was missing is there (see opening.Opener)."""
        self._opening = None
        self._shared.stages.remove(self, self._queue_timeout)
        connection.is_spare = not self._is_repeatable
        self._send(connection, self._loop.time())

    def _send(self, connection: HTTPClientConnection, now: float) -> None:
        prepared = self._prepared
        assert prepared is not None
        self._connection = connection
        self._sent_at = now
        head, body = prepared.head, self._body
        if not self._redirects:
            self._request._sent = head  # for whoever looks at the request's headers
        if self._producer is not None or (body and self.settings.expects_continue):
            connection.send(self, head, complete=False)
            self._body_held = self.settings.expects_continue
            if not self._body_held:
                self._send_body()
        elif body is None:
            # A method that wants a body and is allowed to go without gets an empty one.
            connection.send(self, head + b"0\r\n\r\n" if prepared.chunked else head, complete=True)
        elif len(body) <= _JOINED_BODY:
            connection.send(self, head + body, complete=True)
        else:
            connection.send(self, head, complete=True)
            connection.write(body)

    def _send_body(self) -> None:
        connection = self._connection
        assert connection is not None
        self._body_held = False
        if self._body is not None:
            connection.write(self._body)
            connection.request_complete()
            return
        assert self._context is not None
        assert self._prepared is not None
        length = None
        if not self._prepared.chunked:
            assert self._headers is not None
            length = int(self._headers["Content-Length"])
        self._producing = ProducedBody(self._loop, connection, length, self.fail)
        self._producing.start(self._context, self._producer)

    # --- what the connection tells (see connection.Exchange) ---

    def first_byte(self) -> None:
        self._first_byte_at = self._loop.time()

    def interim_received(self, code: int, reason: str, version: str, headers: HTTPHeaders) -> None:
        if self.settings.header_callback is not None:
            self._tell_header(code, reason, version, headers)
        if code == 100 and self._body_held and not self._done:  # a second 100 asks for nothing
            self._send_body()

    def whole_response(self, head: ResponseHead, headers: HTTPHeaders, body: bytes) -> None:
        """Take a success that came whole, in a fetch that wants to know of nothing else."""
        self._connection = None
        if self._done:
            return
        self._code = head.code
        self._reason = head.reason
        self._response_headers = headers
        self._respond([body] if body else [])

    def headers_received(self, code: int, reason: str, version: str, headers: HTTPHeaders) -> None:
        self._code = code
        self._reason = reason
        self._response_headers = headers
        settings = self.settings
        if code >= 300 and self._redirects < settings.max_redirects and is_redirect(code, headers):
            self._following = _REDIRECT
            return
        if self._is_challenge(code, headers):
            self._following = _CHALLENGE
            return
        if settings.header_callback is not None:
            self._tell_header(code, reason, version, headers)
        coding = headers.get("Content-Encoding") if settings.decompresses else None
        stream = settings.streaming_callback
        received = self._received = ReceivedBody(
            self._loop,
            self._connection,
            self,
            None if stream is None else functools.partial(self._run, stream),
            coding,
            self.max_body_size,
        )
        if received.is_decoded and coding is not None:
            headers.add("X-Consumed-Content-Encoding", coding)
            del headers["Content-Encoding"]

    def switched(
        self, connection: HTTPClientConnection, headers: HTTPHeaders, leftover: bytes
    ) -> None:
        raise HTTPInputError("server switched protocols without having been asked to")

    def _tell_header(self, code: int, reason: str, version: str, headers: HTTPHeaders) -> None:
        callback = self.settings.header_callback
        self._run(callback, f"{version} {code} {reason}\r\n")
        for name, value in headers.get_all():
            self._run(callback, f"{name}: {value}\r\n")
        self._run(callback, "\r\n")

    def data_received(self, data: bytes) -> None:
        if self._following:
            self._discarded += len(data)
            if self._discarded > MAX_REDIRECT_BODY and self._connection is not None:
                self._connection.abort()
                self.response_complete()
        elif self._received is not None:
            self._received.feed(data)

    def response_complete(self) -> None:
        connection, self._connection = self._connection, None
        if self._producing is not None:
            self._stop_producing()
        if self._done:
            return
        received = self._received
        try:
            if self._following:
                if self._following is _REDIRECT:
                    self._follow()
                self._begin_next_hop()
                return
            if received is not None and not received.finish():
                return
        except Exception as error:
            self._connection = connection
            self.connection_failed(error)
            return
        self.body_complete()

    def connection_failed(self, error: BaseException | None) -> None:
        connection, self._connection = self._connection, None
        if self._done:
            return
        if isinstance(error, HTTPInputError):
            self.fail(refused_response(error))
            return
        if isinstance(error, CallbackError) and error.__cause__ is not None:
            self.callback_failed(error.__cause__)
            return
        if connection is not None and connection.used and not self._first_byte_at:
            self._shared.pool.distrust(connection.key)
        # A server may close a kept connection at any time, also while we write. It did not act
        # on a request that it did not read; where it reads a part and acts on that, doing it
        # twice is the same as doing it once. A server that read all and went away without an
        # answer is another matter: the request may be what it died of.
        if (
            connection is not None
            and connection.used
            and connection.unheard
            and not self._first_byte_at
            and self._is_repeatable
        ):
            self._open()  # a new connection: one that was not used before is not tried again
            return
        if error is not None and not isinstance(error, OSError):
            self.fail(error)
            return
        if self._response_headers is not None:
            when = "in the middle of the response's body"
        elif self._first_byte_at:
            when = "in the middle of the response's header"
        elif connection is not None and connection.sending:
            when = "while the request was being sent"
        else:
            when = "before a response came"
        how = "reset" if error else "closed"
        # Servers of TLS 1.3 refuse a client's certificate, or the lack of one, after the handshake.
        why = f": {error}" if isinstance(error, ssl.SSLError) else ""
        what = f"Connection {how} {when}{why}"
        failure = HTTPStreamClosedError(what)
        if isinstance(error, ConnectionError):
            failure = HTTPStreamResetError(what, error.errno or errno.ECONNRESET)
        failure.__cause__ = error
        self.fail(failure)

    def callback_failed(self, error: BaseException) -> None:
        """A callback of the program's failed, maybe later (see received_body.BodyOwner)."""
        if self._done:
            return
        # Logged as well, as in Tornado, where the caller sees no more than a closed connection.
        app_log.error("Uncaught exception in a callback of a fetch", exc_info=error)
        failure = HTTPStreamClosedError(f"Connection closed: a callback failed: {error!r}"[:200])
        failure.__cause__ = error
        self.fail(failure)

    def writing_resumed(self) -> None:
        if self._producing is not None:
            self._producing.writing_resumed()

    # --- the response's body (see received_body.BodyOwner) ---

    def body_complete(self) -> None:
        if not self._done:
            self._respond(self._received.pieces if self._received is not None else [])

    def body_failed(self, error: BaseException) -> None:
        if self._connection is not None:
            self._connection.abort()
        self.connection_failed(error)

    def _run(self, function: Any, argument: Any) -> asyncio.Future[Any] | None:
        """Call a callback of the program's; the future of what it returns if that is awaitable."""
        if self._done or self._context is None:
            return None
        try:
            return call_in(self._context, self._loop, function, argument)
        except Exception as error:
            if self._context.run(error_scope.deliver, error):
                return None
            raise CallbackError from error

    # --- redirects ---

    def _follow(self) -> None:
        prepared, headers = self._prepared, self._response_headers
        assert prepared is not None
        assert headers is not None
        now = Following(self._url, self._method, self._headers, self.settings.options)
        then = following_request(now, prepared.target, self._code, headers)
        if then.drops_body:
            self._body = None
            self._producer = None
        self._url = then.url
        self._method = then.method
        self._headers = then.headers
        if then.options is not self.settings.options:
            self.settings = Settings(then.options)
        self._redirects += 1
        self._answered = frozenset()

    def _is_challenge(self, code: int, headers: HTTPHeaders) -> bool:
        """Take a challenge; True if the request is to be sent again, which happens once."""
        assert self._prepared is not None
        accounts = self._prepared.accounts
        if not accounts or code not in accounts:
            return False
        answered = code in self._answered
        name = "WWW-Authenticate" if code == 401 else "Proxy-Authenticate"
        self._answered |= {code}
        return self._shared.connector.authenticator.learn(
            accounts[code], headers.get(name), answered=answered
        )

    def _begin_next_hop(self) -> None:
        self._progress = None
        self._first_byte_at = 0.0
        self._response_headers = None
        self._following = ""
        self._discarded = 0
        self._begin_hop(self._loop.time())

    # --- the end ---

    def _respond(self, pieces: list[bytes]) -> None:
        now = self._loop.time()
        response = HTTPResponse(
            self._request,
            self._code,
            self._response_headers,
            None,
            self._url,
            None,
            now - self._started,
            None,
            self._reason,
            self._start_time,
        )
        response._pieces = pieces
        response._times = self._times(now)
        self._end(response)

    def fail(self, error: BaseException) -> None:
        """End with an error."""
        if self._done:
            return
        now = self._loop.time()
        response = HTTPResponse(
            self._request,
            599,
            effective_url=self._url,
            error=error,
            request_time=now - self._started if self._started else 0.0,
            start_time=self._start_time or None,
        )
        response._times = self._times(now)
        self._end(response)

    def expire(self) -> None:
        """End because time is up."""
        doing, stage = self._stage()
        error = HTTPTimeoutError(f"Timeout {doing}")
        error.stage = stage
        error.time_info = Times(*self._times(self._loop.time())).as_stages()
        self.fail(error)

    def _stage(self) -> tuple[str, str]:
        """What it is doing, in words and under its name in ``HTTPResponse.time_info``."""
        if not self._started:
            return "in request queue", "queue"
        if self._opening is not None and self._progress is not None:
            return self._progress.stage, self._progress.name
        return "during request", "total" if self._first_byte_at else "starttransfer"

    def abort(self) -> BaseException | None:
        """End without calling back; returns what it came to, None if it had ended."""
        if self._done:
            return None
        doing, _ = self._stage()
        self._end(None)
        return HTTPStreamClosedError(f"Connection closed: the fetch was cancelled {doing}")

    def _end(self, response: HTTPResponse | None) -> None:
        self._done = True
        callback, self._callback = self._callback, None
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.cancel()
        if self._producing is not None:
            self._stop_producing()
        if self._received is not None:
            self._received.stop()  # it refers to us
            self._received = None
        if self._connection is not None:
            self._connection.abort()
            self._connection = None
        shared = self._shared
        if timeout := self._request_timeout:
            shared.totals.remove(self, timeout)
        if (timeout := self._queue_timeout) and (self._progress is not None or not self._started):
            shared.stages.remove(self, timeout)
        shared.ended(self)
        if callback is not None and response is not None:
            callback(response)

    def _stop_producing(self) -> None:
        producing, self._producing = self._producing, None
        if producing is not None:
            producing.stop()

    def _times(self, now: float) -> tuple[float, ...]:
        """Return what ``response.Times`` is made of."""
        progress = self._progress
        if progress is None:
            resolved = connected = secured = 0.0
        else:
            resolved, connected, secured = progress.resolved, progress.connected, progress.secured
        return (
            self.queued_at,
            self._started,
            self._hop_started,
            resolved,
            connected,
            secured,
            self._sent_at,
            self._first_byte_at,
            now,
        )
