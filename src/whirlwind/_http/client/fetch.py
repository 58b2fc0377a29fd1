"""One fetch, from the moment it has a place among ``max_clients`` to its response.

Layer: HTTP. Imports from ``_base``, ``_net``, ``_proto`` and this package.

Theory of operation
-------------------
A fetch is a series of hops, one for each redirect, one more where a kept connection turned out
to be dead. A hop takes a connection from the pool, or opens one in a task, and is then driven by
that connection: no task and no turn of the loop of its own. What a hop changes (method, header
fields, what is left of redirects) is set up in ``_begin_hop`` and nowhere else.

A fetch ends in one of three ways, and in only one of them: with a response, with an error, or
aborted, which tells nobody. ``_end`` gives back all it holds in each case.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import ssl
import time
from collections.abc import Callable
from typing import Any, Final

from whirlwind._base.limits import MAX_REDIRECT_BODY
from whirlwind._base.log import app_log, gen_log
from whirlwind._engine import error_scope
from whirlwind._http.client.authentication import Account
from whirlwind._http.client.connection import HTTPClientConnection
from whirlwind._http.client.connection_key import ConnectionKey
from whirlwind._http.client.connector import Progress
from whirlwind._http.client.decoded_body import DecodedBody, decoder_of
from whirlwind._http.client.errors import HTTPStreamClosedError, HTTPTimeoutError
from whirlwind._http.client.program_calls import CallbackError, call_in
from whirlwind._http.client.redirects import (
    is_redirect,
    is_same_origin,
    redirected_headers,
    redirected_method,
    redirected_url,
)
from whirlwind._http.client.request import HTTPRequest, _RequestProxy
from whirlwind._http.client.request_body import ProducedBody
from whirlwind._http.client.request_head import check_method, encode_head, is_chunked
from whirlwind._http.client.response import HTTPResponse, Times
from whirlwind._http.client.route import route_of
from whirlwind._http.client.shared import Shared
from whirlwind._http.client.streamed_body import StreamedBody
from whirlwind._http.client.target import Target, parse_target
from whirlwind._net.stream_errors import UnsatisfiableReadError
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.headers import HTTPHeaders

# May be sent twice without harm (RFC 9110, section 9.2.2).
_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
# Bodies up to this size are copied behind their head, to go out in one packet.
_JOINED_BODY: Final = 16_384
# Attributes of a request that has a URL and no more.
_SAYS_NOTHING: Final = len(vars(HTTPRequest("http://localhost/")))
_REDIRECT: Final = "redirect"
_CHALLENGE: Final = "challenge"


class Fetch:
    """One fetch of a client.

    Args:
        shared: What it has in common with the other fetches of its client.
        request: What to fetch; usually a ``_RequestProxy``.
        callback: Called once with the response, unless the fetch is aborted.

    Attributes:
        is_head, max_body_size, upgrade: For the connection.
        queued_at: When it began to wait for a place, on the loop's clock.
        queue_timeout: How long it may wait for one, in seconds; 0 for ever.
        place: The host that it counts for, where hosts are counted.
    """

    # What most fetches leave as it is.
    is_head = False
    upgrade = False
    queued_at = 0.0
    place: tuple[str, int] | None = None
    _context: contextvars.Context | None = None
    _done = False
    _target: Target | None = None
    _key: ConnectionKey | None = None
    _head = b""
    _chunked = False
    _connection: HTTPClientConnection | None = None
    _opening: asyncio.Task[None] | None = None
    _producing: ProducedBody | None = None
    _body_held = False  # until the server asks for it
    _progress: Progress | None = None
    _started = 0.0
    _start_time = 0.0
    _hop_started = 0.0
    _sent_at = 0.0
    _first_byte_at = 0.0
    _code = 0
    _reason = ""
    _response_headers: HTTPHeaders | None = None
    _following = ""  # why the response is not the last one: _REDIRECT or _CHALLENGE
    _accounts: dict[int, Account] | None = None  # by the status that asks for them
    _answered: frozenset[int] = frozenset()
    _discarded = 0
    _decoded: DecodedBody | None = None
    _streamed: StreamedBody | None = None
    _ended = False

    def __init__(
        self,
        shared: Shared,
        request: HTTPRequest | _RequestProxy,
        callback: Callable[[HTTPResponse], None],
    ) -> None:
        if isinstance(request, _RequestProxy):
            raw = request.request
            said, options = vars(raw), request.defaults or {}
            if len(said) != _SAYS_NOTHING:
                options = {**options, **said}
        else:
            raw = request
            said = options = vars(raw)
        if None in options.values():  # a program has set an attribute to None afterwards
            options = _without_none(said, getattr(request, "defaults", None) or {})
        self._shared = shared
        self._loop = shared.loop
        self._request = raw
        self._options: dict[str, Any] = options  # never changed, maybe those of all fetches
        self._callback: Callable[[HTTPResponse], None] | None = callback
        self._method: str = raw.method
        self._url: str = raw.url
        # Never changed here; a client's own fetch() made it a copy of the program's.
        headers = raw.headers
        self._headers = headers if isinstance(headers, HTTPHeaders) else HTTPHeaders(headers)
        self._body = raw.body
        self._producer = options.get("body_producer")
        streaming = options.get("streaming_callback")
        self._header_callback = options.get("header_callback")
        # Callbacks see the context variables of who asked, not of who opened the connection.
        if self._producer or streaming or self._header_callback:
            self._context = contextvars.copy_context()
        if streaming is not None:
            self._streamed = StreamedBody(
                functools.partial(self._run, streaming),
                paused=self.decoding_paused,
                resumed=self._resume,
                failed=self._callback_failed,
            )
        self._redirects_left: int = (
            options.get("max_redirects", 0) if options.get("follow_redirects") else 0
        )
        self.max_body_size = shared.max_body_size
        self._request_timeout: float = options.get("request_timeout") or 0
        self._connect_timeout: float = options.get("connect_timeout") or 0
        if self._request_timeout and self._connect_timeout:
            self.queue_timeout = min(self._connect_timeout, self._request_timeout)
        else:
            self.queue_timeout = self._connect_timeout or self._request_timeout
        self._pieces: list[bytes] = []

    def _begin_response(self) -> None:
        self._response_headers = None
        self._following = ""
        self._discarded = 0
        self._pieces = []

    # --- the way through ---

    def start(self) -> None:
        """Begin, now that there is a place for it."""
        self._started = self._loop.time()
        self._start_time = time.time()
        if self._request_timeout:
            self._shared.totals.add(self, self._request_timeout, self._started)
        try:
            self._begin_hop()
        except Exception as error:
            self.fail(error)

    def _begin_hop(self) -> None:
        options = self._options
        plain = None
        if self._method == "GET" and self._body is None and not self._headers:
            plain = self._shared.plain_request(self._url, options)
        if plain is not None:
            self._target, self._head, self._key = plain
            self._chunked = False  # as the request before a redirect may have been
        else:
            self._prepare()
        self.is_head = self._method == "HEAD"
        self._hop_started = self._loop.time() if self._hop_started else self._started
        assert self._key is not None
        connection = self._shared.pool.take(self._key)
        if connection is not None:
            self._send(connection)
        else:
            self._open()

    def _prepare(self) -> None:
        options = self._options
        target = self._target = parse_target(self._url)
        check_method(
            self._method,
            has_body=self._body is not None or self._producer is not None,
            allow_nonstandard=bool(options.get("allow_nonstandard_methods")),
        )
        self._chunked = is_chunked(
            self._method,
            self._headers,
            body=self._body,
            has_producer=self._producer is not None,
        )
        route = route_of(
            target,
            self._method,
            self._headers,
            options,
            self._shared.connector.authenticator,
            is_http=not self.upgrade,
        )
        self._key = route.key
        self._accounts = route.accounts
        self._head = encode_head(
            target,
            self._method,
            self._headers,
            options,
            body=self._body,
            chunked=self._chunked,
            user_agent=self._shared.user_agent,
            named=route.named,
            credentials=route.credentials,
        )

    def _open(self) -> None:
        assert self._key is not None
        self._shared.connector.prepare(self._key)
        self._progress = Progress()
        if self.queue_timeout:
            self._shared.stages.add(self, self.queue_timeout, self._loop.time())
        self._opening = self._loop.create_task(self._open_connection())

    async def _open_connection(self) -> None:
        assert self._key is not None
        assert self._target is not None
        assert self._progress is not None
        made: list[HTTPClientConnection] = []
        try:
            await self._shared.connector.connect(
                self._key, self._target, lambda: self._made(made), self._progress
            )
        except BaseException as error:
            for connection in made:
                connection.abort()
                self._shared.pool.lost(connection)
            if not isinstance(error, Exception):
                raise
            if isinstance(error, ssl.SSLError):
                gen_log.warning("SSL Error on %s: %s", self._target.authority, error)
            self.fail(error)
            return
        self._opening = None
        self._shared.stages.remove(self, self.queue_timeout)
        try:
            self._send(made[0])
        except Exception as error:
            self.fail(error)

    def _made(self, made: list[HTTPClientConnection]) -> HTTPClientConnection:
        connection = self._shared.new_connection(self._key)
        made.append(connection)
        return connection

    def _send(self, connection: HTTPClientConnection) -> None:
        self._connection = connection
        self._sent_at = self._loop.time()
        body = self._body
        if self._producer is not None or (body and self._options.get("expect_100_continue")):
            connection.send(self, self._head, complete=False)
            self._body_held = bool(self._options.get("expect_100_continue"))
            if not self._body_held:
                self._send_body()
        elif body is None:
            # A method that wants a body and is allowed to go without gets an empty one.
            end = b"0\r\n\r\n" if self._chunked else b""
            connection.send(self, self._head + end, complete=True)
        elif len(body) <= _JOINED_BODY:
            connection.send(self, self._head + body, complete=True)
        else:
            connection.send(self, self._head, complete=True)
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
        length = None if self._chunked else int(self._headers["Content-Length"])
        self._producing = ProducedBody(self._loop, connection, length, self.fail)
        self._producing.start(self._context, self._producer)

    # --- what the connection tells (see connection.Exchange) ---

    def first_byte(self) -> None:
        self._first_byte_at = self._loop.time()

    def continue_received(self) -> None:
        if self._body_held:  # a second 100 asks for nothing
            self._send_body()

    def headers_received(self, code: int, reason: str, version: str, headers: HTTPHeaders) -> None:
        self._code = code
        self._reason = reason
        self._response_headers = headers
        if code >= 300 and self._redirects_left > 0 and is_redirect(code, headers):
            self._following = _REDIRECT
            return
        if self._accounts and code in self._accounts and self._learn(code, headers):
            self._following = _CHALLENGE
            return
        if self._header_callback is not None:
            self._run(self._header_callback, f"{version} {code} {reason}\r\n")
            for name, value in headers.get_all():
                self._run(self._header_callback, f"{name}: {value}\r\n")
            self._run(self._header_callback, "\r\n")
        coding = headers.get("Content-Encoding")
        if coding is None or not self._options.get("decompress_response"):
            return
        decoder = decoder_of(coding, self.max_body_size)
        if decoder is not None:
            self._decoded = DecodedBody(self._loop, decoder, self)
            headers.add("X-Consumed-Content-Encoding", coding)
            del headers["Content-Encoding"]

    def switched(
        self, connection: HTTPClientConnection, headers: HTTPHeaders, leftover: bytes
    ) -> None:
        raise HTTPInputError("server switched protocols without having been asked to")

    def data_received(self, data: bytes) -> None:
        if self._following:
            self._discarded += len(data)
            if self._discarded > MAX_REDIRECT_BODY and self._connection is not None:
                self._connection.abort()
                self.response_complete()
        elif self._decoded is not None:
            self._decoded.feed(data)
        elif self._streamed is None:
            self._pieces.append(data)
        else:
            self._streamed.feed(data)

    def response_complete(self) -> None:
        connection, self._connection = self._connection, None
        if self._producing is not None:
            self._stop_producing()
        if self._done:
            return
        try:
            if self._following:
                if self._following is _REDIRECT:
                    self._follow()
                self._begin_next_hop()
                return
            if self._decoded is not None and not self._decoded.finish():
                return
        except Exception as error:
            self._connection = connection
            self.connection_failed(error)
            return
        if self._streamed is None:
            self._respond()
        else:
            self.decoding_complete()

    def connection_failed(self, error: BaseException | None) -> None:
        connection, self._connection = self._connection, None
        if self._done:
            return
        if isinstance(error, HTTPInputError):
            self.fail(self._refused(error))
            return
        if isinstance(error, CallbackError) and error.__cause__ is not None:
            self._callback_failed(error.__cause__)
            return
        # A server may close a kept connection at any time, also while we write. It did not act
        # on a request that it did not read; where it reads a part and acts on that, doing it
        # twice is the same as doing it once. A server that read all and went away without an
        # answer is another matter: the request may be what it died of.
        if (
            connection is not None
            and connection.used
            and connection.unheard
            and not self._first_byte_at
            and self._method in _IDEMPOTENT
            and self._producer is None
        ):
            self._open()  # a new connection: one that was not used before is not tried again
            return
        if error is not None and not isinstance(error, OSError):
            self.fail(error)
            return
        when = "in the middle of the response" if self._first_byte_at else "before a response came"
        failure = HTTPStreamClosedError(f"Connection {'reset' if error else 'closed'} {when}")
        failure.__cause__ = error
        self.fail(failure)

    def _callback_failed(self, error: BaseException) -> None:
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

    def _refused(self, error: HTTPInputError) -> Exception:
        if error.status == 431:
            gen_log.info("Unsatisfiable read, closing connection: %s", error)
            refused: Exception = UnsatisfiableReadError(str(error))
        else:
            gen_log.info("Malformed HTTP message from None: %s", error)
            refused = HTTPStreamClosedError(f"Connection closed: {error}")
        refused.__cause__ = error
        return refused

    # --- the response's body ---

    # (the methods without an underscore: see decoded_body.Receiver)

    def body_piece(self, piece: bytes) -> bool:
        streamed = self._streamed
        if streamed is None:
            self._pieces.append(piece)
            return True
        streamed.feed(piece)
        return not streamed.busy

    def decoding_paused(self) -> None:
        if self._connection is not None:
            self._connection.pause()

    def decoding_resumed(self) -> None:
        if self._connection is not None and not (self._streamed and self._streamed.busy):
            self._connection.resume()

    def decoding_complete(self) -> None:
        if self._streamed is not None and self._streamed.busy:
            self._ended = True
        else:
            self._respond()

    def decoding_failed(self, error: BaseException) -> None:
        if self._connection is not None:
            self._connection.abort()
        self.connection_failed(error)

    def _resume(self) -> None:
        if self._decoded is not None and self._decoded.waiting:
            self._decoded.go_on()
        elif self._ended:
            self._respond()
        elif self._connection is not None:
            self._connection.resume()

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
        headers = self._response_headers
        assert headers is not None
        assert self._target is not None
        url = redirected_url(self._url, headers)
        method = redirected_method(self._code, self._method)
        same_origin = is_same_origin(self._target, parse_target(url))
        self._headers = redirected_headers(
            self._headers,
            body_dropped=method != self._method,
            same_origin=same_origin,
        )
        dropped: set[str] = set()
        if method != self._method:
            self._body = None
            self._producer = None
            dropped.add("expect_100_continue")
        if not same_origin:
            dropped.update(("auth_username", "auth_password", "client_cert", "client_key"))
        if not dropped.isdisjoint(self._options):
            kept = self._options.items()
            self._options = {name: value for name, value in kept if name not in dropped}
        self._method = method
        self._url = url
        self._redirects_left -= 1
        self._accounts = None
        self._answered = frozenset()

    def _learn(self, code: int, headers: HTTPHeaders) -> bool:
        """Take a challenge; True if the request is to be sent again, which happens once."""
        assert self._accounts is not None
        answered = code in self._answered
        name = "WWW-Authenticate" if code == 401 else "Proxy-Authenticate"
        self._answered |= {code}
        return self._shared.connector.authenticator.learn(
            self._accounts[code], headers.get(name), answered=answered
        )

    def _begin_next_hop(self) -> None:
        self._progress = None
        self._first_byte_at = 0.0
        self._begin_response()
        self._begin_hop()

    # --- the end ---

    def _respond(self) -> None:
        if self._done:
            return
        now = self._loop.time()
        response = HTTPResponse(
            self._request,
            self._code,
            headers=self._response_headers,
            effective_url=self._url,
            request_time=now - self._started,
            reason=self._reason or None,
            start_time=self._start_time,
        )
        response._pieces = self._pieces
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
        if not self._started:
            error = HTTPTimeoutError("Timeout in request queue")
            error.stage = "queue"
        elif self._opening is not None and self._progress is not None:
            error = HTTPTimeoutError(f"Timeout {self._progress.stage}")
            error.stage = self._progress.name
        else:
            error = HTTPTimeoutError("Timeout during request")
            error.stage = "total" if self._first_byte_at else "starttransfer"
        error.time_info = self._times(self._loop.time()).as_stages()
        self.fail(error)

    def abort(self) -> None:
        """End without telling anybody: nobody waits any more."""
        if not self._done:
            self._end(None)

    def _end(self, response: HTTPResponse | None) -> None:
        self._done = True
        callback, self._callback = self._callback, None
        opening, self._opening = self._opening, None
        if opening is not None and opening is not _current_task(self._loop):
            opening.cancel()
        self._stop_producing()
        self._streamed = None  # refers to us
        if self._decoded is not None:
            self._decoded.stop()  # so does this
            self._decoded = None
        if self._connection is not None:
            self._connection.abort()
            self._connection = None
        shared = self._shared
        if self._request_timeout:
            shared.totals.remove(self, self._request_timeout)
        if self.queue_timeout and (self._progress is not None or not self._started):
            shared.stages.remove(self, self.queue_timeout)
        shared.ended(self)
        if callback is not None and response is not None:
            callback(response)

    def _stop_producing(self) -> None:
        producing, self._producing = self._producing, None
        if producing is not None:
            producing.stop()

    def _times(self, now: float) -> Times:
        progress = self._progress
        return Times(
            self.queued_at,
            self._started,
            self._hop_started,
            progress.resolved if progress is not None else 0.0,
            progress.connected if progress is not None else 0.0,
            progress.secured if progress is not None else 0.0,
            self._sent_at,
            self._first_byte_at,
            now,
        )


def _without_none(said: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in said.items() if value is not None}
    merged = {**defaults, **said}
    return {name: value for name, value in merged.items() if value is not None}


def _current_task(loop: asyncio.AbstractEventLoop) -> asyncio.Task[Any] | None:
    return asyncio.current_task(loop) if loop.is_running() else None
