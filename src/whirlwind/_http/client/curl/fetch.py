"""One fetch on libcurl.

Layer: HTTP. Imports from ``_base``, ``_engine``, ``_proto`` and this package.

Theory of operation
-------------------
Each fetch has a handle of its own, closed at its end. Handles are cheap (2 µs), since it is the
multi handle that holds the connections; and resetting one leaves behind what a program may have
switched on in ``prepare_curl_callback``: its cookies, its share, its HSTS entries. What was never
there cannot reach the next request.

libcurl calls ``_header_line`` and ``_piece`` from inside its own functions. They look at limits,
keep what they are given, and refuse by returning -1, with the reason in ``_refusal``; the
program's callbacks are called from ``deliver``. What waits for them is bounded: libcurl is told to
pause, which also keeps it from unpacking more of a body that is small only on the wire.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import logging
import re
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import pycurl

from whirlwind._base.limits import MAX_CURL_HEADER_SIZE, MAX_INFORMATIONAL
from whirlwind._engine.coroutine import is_coroutine_function
from whirlwind._http.client.curl.debug_log import curl_log, log_transfer
from whirlwind._http.client.curl.errors import CurlError
from whirlwind._http.client.curl.handle_options import VERSION, set_options
from whirlwind._http.client.curl.identity import carried_secret
from whirlwind._http.client.curl.streaming_buffer import Client, StreamingBuffer
from whirlwind._http.client.curl.transfers import Transfers
from whirlwind._http.client.program_calls import CallbackError, call_in
from whirlwind._http.client.redirects import is_redirect, is_same_origin, redirected_url
from whirlwind._http.client.request import HTTPRequest
from whirlwind._http.client.response import HTTPResponse
from whirlwind._http.client.streamed_body import StreamedBody
from whirlwind._http.client.target import Target, parse_target
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.headers import HTTPHeaders

_STATUS_LINE: Final = re.compile(r"HTTP/[0-9](?:\.[0-9])? ([0-9]{3})(?: (.*))?")
_REFUSED: Final = -1
_STAGES: Final = {
    "namelookup": pycurl.NAMELOOKUP_TIME,
    "connect": pycurl.CONNECT_TIME,
    "appconnect": pycurl.APPCONNECT_TIME,
    "pretransfer": pycurl.PRETRANSFER_TIME,
    "starttransfer": pycurl.STARTTRANSFER_TIME,
    "total": pycurl.TOTAL_TIME,
    "redirect": pycurl.REDIRECT_TIME,
}


class CurlFetch:
    """One fetch of a client.

    Args:
        transfers: Runs it.
        loop: The loop.
        request: What to fetch, with the client's defaults filled in.
        callback: Called once with the response, unless the fetch is aborted.
        client: Says how large the body may be, before and after decompression.
        ended: Called with the fetch at its end.
        callback_failed: Called with a function of the program's that raised, while its exception
            is handled.

    Attributes:
        queued_at: When it was asked for, on the loop's clock.
    """

    _handle: Any = None
    _started = 0.0
    _start_time: float | None = None
    _target: Target | None = None
    _refusal: Exception | None = None
    _received = 0
    _head_size = 0
    _head_complete = False
    _informational = 0
    _code = 0
    _reason = ""
    _noted = False
    _complete = False
    _done = False
    _streamed: StreamedBody | None = None
    _buffer: StreamingBuffer | None = None

    def __init__(
        self,
        transfers: Transfers,
        loop: asyncio.AbstractEventLoop,
        request: HTTPRequest,
        callback: Callable[[HTTPResponse], None],
        *,
        client: Client,
        ended: Callable[[CurlFetch], None],
        callback_failed: Callable[[Any], None],
    ) -> None:
        self._transfers = transfers
        self._loop = loop
        self._request = request
        self._callback: Callable[[HTTPResponse], None] | None = callback
        self._client = client
        self._tell_ended = ended
        self._tell_callback_failed = callback_failed
        self._context = contextvars.copy_context()
        self._headers = HTTPHeaders()
        self._header_callback = request.header_callback
        self._lines: deque[str] = deque()  # for the header_callback
        self._pieces: list[bytes] = []
        self.queued_at = loop.time()

    def start(self) -> None:
        """Begin, now that there is a place for it."""
        self._started = self._loop.time()
        self._start_time = time.time()
        try:
            self._prepare()
        except Exception as error:
            self.fail(error)

    def _prepare(self) -> None:
        request = self._request
        streaming = request.streaming_callback
        if streaming is not None:
            if inspect.iscoroutinefunction(streaming) or is_coroutine_function(streaming):
                raise TypeError("'CurlAsyncHTTPClient' does not support async streaming_callbacks.")
            self._streamed = StreamedBody(
                functools.partial(self._call, streaming),
                paused=self._pause,
                resumed=self._resume,
                failed=functools.partial(self._callback_failed, streaming),
            )
        handle = self._handle = pycurl.Curl()
        if self._streamed is not None:
            self._buffer = StreamingBuffer(self._client, handle, self._streamed.feed)
        self._target = set_options(handle, request)
        handle.setopt(pycurl.HEADERFUNCTION, self._header_line)
        handle.setopt(pycurl.WRITEFUNCTION, self._piece)
        if curl_log.isEnabledFor(logging.DEBUG):
            handle.setopt(pycurl.VERBOSE, 1)
            handle.setopt(pycurl.DEBUGFUNCTION, log_transfer)
        if request.prepare_curl_callback is not None:
            # Last, so that it can change everything.
            self._context.run(request.prepare_curl_callback, handle)
        if not self._done:  # by that callback
            self._transfers.add(handle, self)

    # --- what libcurl tells, from inside its functions ---

    def _header_line(self, data: bytes) -> int | None:
        line = data.decode("latin-1")
        if line.startswith("HTTP/"):
            self._head_complete = False
            self._headers = HTTPHeaders()
            self._head_size = 0
        elif self._head_complete:
            return None  # trailers may say other things about a body than the header did
        self._head_size += len(data)
        if self._head_size > MAX_CURL_HEADER_SIZE:
            limit = f"{MAX_CURL_HEADER_SIZE} bytes (MAX_CURL_HEADER_SIZE)"
            return self._refuse(pycurl.E_RECV_ERROR, f"header of the response is over {limit}")
        if self._header_callback is not None:
            self._lines.append(line)
            self._note()
        if self._head_size == len(data):
            return self._take_status_line(line.rstrip("\r\n"))
        if line in ("\r\n", "\n"):
            self._head_complete = True
            return self._check_head()
        try:
            self._headers.parse_line(line)
        except HTTPInputError as error:
            return self._refuse(pycurl.E_FTP_WEIRD_SERVER_REPLY, str(error))
        return None

    def _take_status_line(self, line: str) -> int | None:
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            return self._refuse(
                pycurl.E_FTP_WEIRD_SERVER_REPLY, f"malformed status line {line[:40]!r}"
            )
        self._code = int(match[1])
        self._reason = (match[2] or "").strip()
        return None

    def _check_head(self) -> int | None:
        if self._code < 200:
            self._informational += 1
            if self._informational > MAX_INFORMATIONAL:
                return self._refuse(
                    pycurl.E_FTP_WEIRD_SERVER_REPLY,
                    f"more than {MAX_INFORMATIONAL} informational responses (MAX_INFORMATIONAL)",
                )
        elif self._request.follow_redirects and is_redirect(self._code, self._headers):
            return self._check_redirect()
        return None

    def _check_redirect(self) -> int | None:
        request, target = self._request, self._target
        assert target is not None
        secret = carried_secret(
            VERSION,
            fields=HTTPHeaders(request.headers),
            credentials=request.auth_username is not None or target.username is not None,
            client_cert=request.client_cert is not None,
        )
        if secret is None:
            return None
        try:
            following = parse_target(redirected_url(target.url, self._headers))
        except ValueError:
            return None  # libcurl refuses it as well, and says why
        if is_same_origin(target, following):
            return None
        return self._refuse(
            pycurl.E_TOO_MANY_REDIRECTS,
            f"redirect to another origin ({following.authority[:100]}), to which this version of "
            f"libcurl would take {secret} along: follow it yourself (follow_redirects=False)",
        )

    def _piece(self, data: bytes) -> int | None:
        most = self._client.max_body_size
        buffer = self._buffer
        if buffer is not None:
            taken = buffer.write(data)
            too_large = buffer.body_too_large
            self._note()
        else:
            taken = len(data)
            self._received += taken
            too_large = self._received > most
            self._pieces.append(data)
        if too_large or self._announced() > most:
            return self._refuse(
                pycurl.E_WRITE_ERROR, f"body exceeded max_body_size of {most} bytes"
            )
        return taken

    def _announced(self) -> int:
        length = self._headers.get("Content-Length", "")
        return int(length) if length.isdecimal() and len(length) < 20 else 0

    def _note(self) -> None:
        if not self._noted:
            self._noted = True
            self._transfers.touched.append(self)

    def _refuse(self, errno: int, message: str) -> int:
        self._refusal = CurlError(errno, message)
        return _REFUSED

    # --- what the transfers tell, outside of libcurl ---

    def deliver(self) -> None:
        """Hand on what came to the program's callbacks."""
        self._noted = False
        function: Any = self._header_callback
        delivered = False
        while not (delivered or self._done):
            try:
                while self._lines:
                    self._call(function, self._lines.popleft())
                function = self._request.streaming_callback
                if self._buffer is not None:
                    self._buffer.flush()
                    self._check_going_on()
                delivered = True
            except CallbackError as error:
                # Logged, and the fetch goes on: as in Tornado with libcurl.
                self._log(function, error.__cause__ or error)

    def ended(self, errno: int, message: str) -> None:
        """End, now that libcurl is done."""
        self.deliver()
        if self._done:
            return
        if not errno and not self._head_complete:
            # To libcurl, a header that breaks off at the end of a line is one without a body.
            self.fail(CurlError(pycurl.E_GOT_NOTHING, "connection closed within the header"))
        elif errno == pycurl.E_OPERATION_TIMEDOUT:
            self.fail(CurlError(errno, f"{message}, {self._stage(message)}"))
        elif errno:
            self.fail(self._refusal or CurlError(errno, message))
        elif self._streamed is not None and self._streamed.busy:
            self._complete = True
        else:
            self._respond()

    def _stage(self, message: str) -> str:
        """Say what was under way when time ran out, in the words of the other client."""
        # Later stages say the whole time where an earlier one did not end.
        if not message.startswith(("Connection ", "Resolving ", "SSL ")):
            return "in the middle of the response" if self._code else "before a response came"
        if self._handle.getinfo(pycurl.CONNECT_TIME):
            return f"during TLS handshake{' or by the proxy' if self._request.proxy_host else ''}"
        resolved = self._handle.getinfo(pycurl.NAMELOOKUP_TIME)
        return "while connecting" if resolved else "while resolving"

    # --- the program's callbacks ---

    def _call(self, function: Any, argument: Any) -> asyncio.Future[Any] | None:
        if self._done:
            return None
        try:
            return call_in(self._context, self._loop, function, argument)
        except Exception as error:
            raise CallbackError from error

    def _callback_failed(self, function: Any, error: BaseException) -> None:
        # Of a callback that had to be waited for, which does not exist in Tornado.
        if self._done:
            return
        self._log(function, error)
        failure = CurlError(pycurl.E_WRITE_ERROR, f"a callback failed: {error!r}"[:200])
        failure.__cause__ = error
        self.fail(failure)

    def _log(self, function: Any, error: BaseException) -> None:
        try:
            raise error
        except BaseException:
            self._tell_callback_failed(function)

    def _pause(self) -> None:
        assert self._buffer is not None
        self._buffer.blocked = True
        self._transfers.pause(self._handle)

    def _resume(self) -> None:
        if self._buffer is None:
            return  # the fetch ended while the callback was waited for
        self._buffer.blocked = False
        if self._complete:
            self._respond()
        else:
            self._buffer.go_on()
            self._check_going_on()

    def _check_going_on(self) -> None:
        error = self._buffer.error if self._buffer is not None else None
        # Where the transfer has ended, how it did counts, and not that it cannot go on.
        if error is not None and self._transfers.has(self._handle):
            self.fail(self._refusal or CurlError(*error.args))

    # --- the end ---

    def _respond(self) -> None:
        response = HTTPResponse(
            self._request,
            self._handle.getinfo(pycurl.HTTP_CODE),
            headers=self._headers,
            effective_url=self._handle.getinfo(pycurl.EFFECTIVE_URL),
            request_time=self._loop.time() - self._started,
            time_info=self._times(),
            reason=self._reason or None,
            start_time=self._start_time,
        )
        response._pieces = self._pieces
        self._end(response)

    def fail(self, error: BaseException) -> None:
        """End with an error."""
        if self._done:
            return
        response = HTTPResponse(
            self._request,
            599,
            error=error,
            request_time=self._loop.time() - self._started if self._started else 0.0,
            time_info=self._times(),
            start_time=self._start_time,
        )
        self._end(response)

    def abort(self) -> BaseException | None:
        """End without calling back; returns what it came to, None if it had ended."""
        if self._done:
            return None
        doing = "during request" if self._started else "in request queue"
        self._end(None)
        return CurlError(pycurl.E_ABORTED_BY_CALLBACK, f"the fetch was cancelled {doing}")

    def _times(self) -> dict[str, float]:
        times = {"queue": (self._started or self._loop.time()) - self.queued_at}
        if self._handle is not None:
            times.update((name, self._handle.getinfo(stage)) for name, stage in _STAGES.items())
        return times

    def _end(self, response: HTTPResponse | None) -> None:
        self._done = True
        callback, self._callback = self._callback, None
        handle, self._handle = self._handle, None
        self._streamed = None  # refers to us
        self._lines.clear()
        if self._buffer is not None:
            self._buffer.clear()
            self._buffer = None  # calls what refers to us
        if handle is not None:
            self._transfers.remove(handle)
            handle.close()  # also drops what it calls back, which refers to us
        self._tell_ended(self)
        if callback is not None and response is not None:
            callback(response)
