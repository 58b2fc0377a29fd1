"""WSGI applications in our server.

Layer: web. Imports from ``_base``, ``_engine``, ``_http``, ``_net``, ``_proto`` and within
``_web``.

Theory of operation
-------------------
The application's code runs in an executor, one step at a time: the call, each ``next()`` of what
it returned, ``close()``. Between the steps the loop has the piece that came of it: it writes it,
and waits until the client has room before it asks for the next one. So a body of any length takes
the memory of one piece, and one slow client holds one request up and no thread.

A body that was returned as a list or a tuple is there already and goes out at once, with its
length.

Without an executor the steps run in the loop's own thread, and nothing else does meanwhile.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from whirlwind._base.log import app_log
from whirlwind._engine.futures import DummyExecutor, dummy_executor
from whirlwind._http.messages import HTTPServerRequest
from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import ResponseStartLine
from whirlwind._proto.http.status import has_no_body
from whirlwind._web.access_line import summary_of, write_access_line
from whirlwind._web.running import start_task
from whirlwind._web.wsgi.call import WSGICall
from whirlwind._web.wsgi.environ import environ_of

_T = TypeVar("_T")


class WSGIContainer:
    """Runs a WSGI application in whirlwind's server.

    >>> def application(environ, start_response):
    ...     start_response("200 OK", [("Content-Type", "text/plain")])
    ...     return [b"Hello"]
    >>> container = WSGIContainer(application, ThreadPoolExecutor(16))  # doctest: +SKIP
    >>> HTTPServer(container).listen(8888)  # doctest: +SKIP

    Give it to an ``HTTPServer``, to a ``FallbackHandler`` or as the target of a ``Rule``. Without
    an executor the application runs in the loop's thread: every request waits for the one before,
    and so does everything else on the loop.

    Args:
        wsgi_application: The application.
        executor: A ``ThreadPoolExecutor``, as many requests at once as it has threads; None for
            the loop's thread.
    """

    def __init__(
        self,
        wsgi_application: Callable[..., Any],
        executor: concurrent.futures.Executor | None = None,
    ) -> None:
        self.wsgi_application = wsgi_application
        self.executor = dummy_executor if executor is None else executor
        self._tasks: set[asyncio.Task[Any]] = set()

    def __call__(self, request: HTTPServerRequest) -> None:
        """Answer a request, sooner or later; ``handle_request`` to wait for it."""
        task = start_task(self.handle_request(request), contextvars.copy_context())
        if not task.done():
            self._tasks.add(task)  # the loop alone would not keep it from being collected
        task.add_done_callback(self._tasks.discard)

    async def handle_request(self, request: HTTPServerRequest) -> None:
        """Answer a request; done when the answer was written.

        An exception of the application is logged, and answered with status 500 where nothing was
        sent yet; otherwise the connection closes, which is how the client can tell.

        Args:
            request: The whole request, body included.
        """
        await _Answering(self, request).run()

    def environ(self, request: HTTPServerRequest) -> dict[str, Any]:
        """Return the request as WSGI has it; override to add to it.

        Header fields whose name has an underscore are left out: see ``_web/wsgi/environ.py``.
        """
        return environ_of(request, multithread=not isinstance(self.executor, DummyExecutor))

    def _log(self, status_code: int, request: HTTPServerRequest) -> None:
        # A method, because subclasses written for Tornado have one of their own.
        write_access_line(status_code, request, partial(summary_of, request))


class _Answering:
    """One request, from the call of the application to the end of the answer."""

    def __init__(self, container: WSGIContainer, request: HTTPServerRequest) -> None:
        self._container = container
        self._request = request
        self._connection: Any = request.connection
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._abandoned = False  # a step runs on that nobody waits for
        self._call: WSGICall | None = None

    async def run(self) -> None:
        try:
            code = await self._work()
            if code is not None:
                self._container._log(code, self._request)
        finally:
            if not self._abandoned:
                await self._close()
            self._call = None  # it refers back, to flush

    async def _work(self) -> int | None:
        """Answer; return the status, or None if the client has gone."""
        container = self._container
        try:
            environ = container.environ(self._request)
            call = WSGICall(container.wsgi_application, environ, self._flush_from_thread)
            self._call = call
            await self._in_executor(call.begin)
            await self._answer(call)
            self._connection.finish()
            return call.head.code
        except StreamClosedError:
            # The client has gone, and nothing is wrong with the application. The close callback is
            # not asked: it also speaks of clients that have only nothing more to send.
            return None
        except asyncio.CancelledError:
            self._fail()  # somebody's wish and no mistake, but the client waits
            raise
        except Exception:
            self._log_error("Uncaught exception in a WSGI application")
            self._fail()
            return 500

    async def _close(self) -> None:
        if self._call is None or not self._call.has_to_be_closed():
            return
        try:
            await self._in_executor(self._call.close)
        except Exception:
            # The answer is out: there is nothing to do about it but to say so.
            self._log_error("Exception in close() of a WSGI application's answer")

    def _log_error(self, what: str) -> None:
        app_log.error("%s: %s", what, summary_of(self._request), exc_info=True)

    async def _in_executor(self, step: Callable[[], _T]) -> _T:
        submitted = self._container.executor.submit(step)
        try:
            if submitted.done():
                return submitted.result()
            return await asyncio.wrap_future(submitted)
        except asyncio.CancelledError:
            if not submitted.cancelled() and not submitted.done():
                # A thread cannot be stopped. What it makes is closed in that same thread.
                self._abandoned = True
                submitted.add_done_callback(partial(_close_late, self._call))
            raise
        finally:
            del submitted  # it holds its exception, whose traceback holds this frame

    async def _answer(self, call: WSGICall) -> None:
        request = self._request
        if call.whole is not None:
            body = b"".join([*call.written, call.whole])
            call.written.clear()
            if not call.head.sent:
                await self._send_head(call, body, len(body))
            elif body:
                await self._connection.write(body)
            return
        await self._flush()
        while True:
            if call.head.sent and (request.method == "HEAD" or has_no_body(call.head.code)):
                return  # whatever there is more of, nobody gets to see it
            chunk = await self._in_executor(call.next)
            await self._flush()
            if chunk is None:
                break
            await self._send(call, chunk)
        if not call.head.sent:
            await self._send_head(call, b"", 0)

    async def _send(self, call: WSGICall, chunk: bytes) -> None:
        if not chunk:
            return  # until there is something to send, the application may change the head
        if call.head.sent:
            await self._connection.write(chunk)
        else:
            await self._send_head(call, chunk, None)

    async def _send_head(self, call: WSGICall, chunk: bytes, length: int | None) -> None:
        request = self._request
        line, headers = call.head.finished(request.method, request._start_time, length)
        future = self._connection.write_headers(line, headers, chunk)
        call.head.sent = True
        await future

    async def _flush(self) -> None:
        """Send what the application gave to ``write()``."""
        call = self._call
        assert call is not None
        while call.written:
            await self._send(call, call.written.pop(0))

    def _flush_from_thread(self) -> None:
        """Send it from the application's thread, which waits until the client has room."""
        if threading.get_ident() == self._thread:
            return  # in the loop's own there is no waiting; it goes out after this step
        asyncio.run_coroutine_threadsafe(self._flush(), self._loop).result()

    def _fail(self) -> None:
        connection = self._connection
        call = self._call
        if call is not None and call.head.sent:
            # So that a client of HTTP/1.0, to whom the end says that it was all, can tell as well.
            break_off = getattr(connection, "break_off", None)
            (break_off or connection.finish)()
            return
        page = b"<html><title>500: Internal Server Error</title>"
        page += b"<body>500: Internal Server Error</body></html>"
        headers = HTTPHeaders(
            {"Content-Type": "text/html; charset=UTF-8", "Content-Length": str(len(page))}
        )
        line = ResponseStartLine("HTTP/1.1", 500, "Internal Server Error")
        try:
            connection.write_headers(line, headers, page)
            connection.finish()
        except Exception:
            app_log.error("Cannot send an error page", exc_info=True)


def _close_late(call: WSGICall | None, done: concurrent.futures.Future[Any]) -> None:
    try:
        if call is not None:
            call.close()
        error = None if done.cancelled() else done.exception()
        if error is not None:
            raise error
    except Exception:
        app_log.error("Exception in a WSGI application after its request was over", exc_info=True)
