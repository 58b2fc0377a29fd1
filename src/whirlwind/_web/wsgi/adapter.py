"""Our applications in a WSGI server.

Layer: web. Imports from ``_base``, ``_engine``, ``_http``, ``_proto`` and within ``_web``.

Theory of operation
-------------------
A WSGI server calls a function in a thread and takes the answer from its return value. There is
no loop, so a handler runs from start to end in that call, and must not wait. Its answer is
collected: ``flush`` sends nothing before the rest.

Handlers of every kind go, ``gen.coroutine`` and ``async def`` included, as long as what they
yield or await is done. Where one waits, it gets a ``RuntimeError`` at that place, which is logged
and answered with status 500.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from wsgiref.util import is_hop_by_hop

from whirlwind._base.log import gen_log
from whirlwind._engine.runner_cy import done_future
from whirlwind._http.messages import HTTPConnection, HTTPServerConnectionDelegate
from whirlwind._http.server.context import RequestContext
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.headers import HTTPHeaders, encode_fields
from whirlwind._proto.http.start_line import RequestStartLine, ResponseStartLine
from whirlwind._proto.http.status import responses
from whirlwind._web.application import Application
from whirlwind._web.wsgi.requests import request_of

StartResponse = Callable[..., Any]


class WSGIAdapter:
    """A whirlwind application as a WSGI application, for servers that know only those.

    >>> application = web.Application([(r"/", MainHandler)])  # doctest: +SKIP
    >>> wsgiref.simple_server.make_server("", 8888, WSGIAdapter(application))  # doctest: +SKIP

    Handlers that wait for something cannot work there, nor can ``stream_request_body`` and
    WebSockets: they are answered with status 500, and the log says why. So was it in Tornado until
    5.1.

    Args:
        application: An ``Application``, or a router.
    """

    def __init__(self, application: HTTPServerConnectionDelegate) -> None:
        self.application = application

    def __call__(self, environ: Mapping[str, Any], start_response: StartResponse) -> list[bytes]:
        connection = _Collector(environ)
        try:
            request = request_of(environ, connection)
        except HTTPInputError as error:
            gen_log.warning("%s %s: %s", environ["REQUEST_METHOD"], environ["PATH_INFO"], error)
            connection.refuse(error.status or 400)
        else:
            # Not its __call__: that of a WSGIApplication leads here.
            find: Any = self.application.find_handler  # type: ignore[attr-defined]
            delegate = find(request)
            execute = getattr(delegate, "execute_at_once", None)
            if delegate is None:
                connection.refuse(404)
            elif execute is not None:
                execute()
            else:
                line = RequestStartLine(str(request.method), str(request.uri), request.version)
                delegate.headers_received(line, request.headers)
                if request.body:
                    delegate.data_received(request.body)
                delegate.finish()
            if not connection.finished:
                raise RuntimeError(
                    f"{request.method} {request.path} was not answered when its handler returned: "
                    "nothing can finish it later in a WSGI server"
                )
        fields = [
            (name, value) for name, value in connection.headers.get_all() if not is_hop_by_hop(name)
        ]
        start_response(f"{connection.code} {connection.reason}", fields)
        return connection.pieces


class WSGIApplication(Application):
    """An ``Application`` that is a WSGI application itself, as Tornado had until 5.1.

    ``WSGIAdapter(application)`` does the same for any application.
    """

    def __call__(  # type: ignore[override]
        self, environ: Mapping[str, Any], start_response: StartResponse
    ) -> list[bytes]:
        return WSGIAdapter(self)(environ, start_response)


class _Collector(HTTPConnection):
    """Where a handler writes its answer to, until it is whole."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        address = (environ.get("REMOTE_ADDR") or "0.0.0.0", 0)  # noqa: S104
        self.context = RequestContext(address, environ["wsgi.url_scheme"])
        self.method = environ["REQUEST_METHOD"]
        self.code = 0
        self.reason = ""
        self.headers = HTTPHeaders()
        self.pieces: list[bytes] = []
        self.finished = False

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """Do nothing: nobody says when the client goes away."""

    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
    ) -> asyncio.Future[None]:
        assert isinstance(start_line, ResponseStartLine)
        encode_fields(headers)  # raises for what may not be sent
        self.code = start_line.code
        self.reason = start_line.reason or ""
        self.headers = headers
        return self.write(chunk or b"")

    def write(self, chunk: bytes) -> asyncio.Future[None]:
        if chunk:
            self.pieces.append(bytes(chunk))
        done: asyncio.Future[None] = done_future(None)
        return done

    def finish(self) -> None:
        if not self.code:
            # A head that was refused: the handler could not answer with an error page either.
            self.refuse(500)
        length = self.headers.get("Content-Length")
        written = sum(map(len, self.pieces))
        if length is not None and self.method != "HEAD" and length != str(written):
            announced = length[:40]
            self.refuse(500)
            gen_log.error("Tried to write %d bytes with Content-Length %s", written, announced)
        self.finished = True

    def refuse(self, code: int) -> None:
        """Make the answer one without a handler's word."""
        self.code = code
        self.reason = responses.get(code, "Unknown")
        self.headers = HTTPHeaders({"Content-Type": "text/plain", "Content-Length": "0"})
        self.pieces = []
        self.finished = True
