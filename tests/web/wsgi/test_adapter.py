"""Our applications in the WSGI server of the standard library, over a socket, and validated."""

from __future__ import annotations

import asyncio
import gc
import http.client
import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from tests.conftest import LogWatch

from whirlwind import gen, locks, web
from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.httputil import HTTPHeaders, ResponseStartLine
from whirlwind.routing import PathMatches, Rule, RuleRouter
from whirlwind.wsgi import WSGIAdapter, WSGIApplication


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def server(application: Any) -> Iterator[int]:
    """Run the standard library's WSGI server in a thread; give its port."""
    running: WSGIServer = make_server("127.0.0.1", 0, application, handler_class=Quiet)
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield running.server_port
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def fetch(
    port: int, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, {n.replace("_", "-"): v for n, v in headers.items()})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


class Main(web.RequestHandler):
    def get(self, name: str = "") -> None:
        self.write(f"Hello {name}")
        self.set_cookie("seen", "1")

    def post(self, name: str = "") -> None:
        self.write({"a": self.get_argument("a"), "ip": self.request.remote_ip})

    head = get

    def delete(self, name: str = "") -> None:
        self.set_status(204)


class Piecewise(web.RequestHandler):
    def get(self) -> None:
        self.write("one ")
        self.flush()
        self.write("two")


class Redirecting(web.RequestHandler):
    def get(self) -> None:
        self.redirect("/elsewhere")


class Generator(web.RequestHandler):
    @gen.coroutine
    def get(self) -> Any:
        parts = yield [gen.maybe_future("a"), gen.maybe_future("b")]
        self.write("".join(parts))


class Native(web.RequestHandler):
    async def prepare(self) -> None:
        self.write("prepared ")

    async def get(self) -> None:
        self.write("done")


class Broken(web.RequestHandler):
    def get(self) -> None:
        raise ValueError("x")


HANDLERS: list[Any] = [
    (r"/hello/(.*)", Main),
    (r"/pieces", Piecewise),
    (r"/redirect", Redirecting),
    (r"/generator", Generator),
    (r"/native", Native),
    (r"/broken", Broken),
    (r"/fallback", web.RedirectHandler, {"url": "/x"}),
]


def quiet(handler: web.RequestHandler) -> None:
    pass


@pytest.fixture(scope="module", params=["adapter", "application"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    application: Any
    if request.param == "adapter":
        application = WSGIAdapter(web.Application(HANDLERS, log_function=quiet))
    else:
        application = WSGIApplication(HANDLERS, log_function=quiet)
    with server(validator(application)) as number:
        yield number


def test_handlers_answer(port: int) -> None:
    status, headers, body = fetch(port, "/hello/w%C3%B6rld")
    assert (status, body.decode()) == (200, "Hello wörld")
    assert headers["Content-Type"] == "text/html; charset=UTF-8"
    assert headers["Set-Cookie"] == "seen=1; Path=/"
    assert headers["Content-Length"] == str(len(body))


def test_bodies_and_addresses_arrive(port: int) -> None:
    form = "application/x-www-form-urlencoded"
    status, headers, body = fetch(port, "/hello/", "POST", b"a=b", Content_Type=form)
    assert (status, body) == (200, b'{"a": "b", "ip": "127.0.0.1"}')
    assert headers["Content-Type"] == "application/json; charset=UTF-8"


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("HEAD", "/hello/x", 200, b""),
        ("DELETE", "/hello/", 204, b""),
        ("GET", "/pieces", 200, b"one two"),
        ("GET", "/redirect", 302, b""),
        ("GET", "/fallback", 301, b""),
        ("GET", "/generator", 200, b"ab"),
        ("GET", "/native", 200, b"prepared done"),
    ],
)
def test_answers_of_every_kind_are_valid(
    method: str, path: str, status: int, body: bytes, port: int
) -> None:
    assert fetch(port, path, method)[::2] == (status, body)


def test_an_etag_that_the_client_holds_is_not_sent_again(port: int) -> None:
    _, headers, _ = fetch(port, "/hello/x")
    assert fetch(port, "/hello/x", If_None_Match=headers["Etag"])[::2] == (304, b"")


def test_errors_are_answered_by_the_handler(port: int, logs: LogWatch) -> None:
    status, _, body = fetch(port, "/missing")
    assert (status, b"404: Not Found" in body) == (404, True)
    with logs.expect("whirlwind.application", "Uncaught exception GET /broken"):
        status, _, body = fetch(port, "/broken")
    assert (status, b"500: Internal Server Error" in body) == (500, True)
    with logs.expect("whirlwind.general", "Missing argument a"):
        assert fetch(port, "/hello/", "POST", b"")[0] == 400


def call(application: Any, **given: Any) -> tuple[str, dict[str, str], bytes]:
    """Call a WSGI application as a server does, in this thread."""
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    environ["wsgi.input"] = io.BytesIO(b"")
    environ |= {name.replace("wsgi_", "wsgi."): value for name, value in given.items()}
    seen: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        seen.extend([status, dict(headers)])

    body = b"".join(application(environ, start_response))
    return (*seen, body)


class Waiting(web.RequestHandler):
    """Waits in one of several ways; each test has a subclass of its own."""

    cleaned = False

    async def native(self) -> None:
        await self.clean(asyncio.sleep(0))

    async def sleep(self) -> None:
        await self.clean(asyncio.sleep(1))

    async def task(self) -> None:
        await self.clean(asyncio.create_task(asyncio.sleep(1)))

    async def executor(self) -> None:
        await self.clean(asyncio.to_thread(len, ""))

    async def event(self) -> None:
        await self.clean(locks.Event().wait())

    async def fetch(self) -> None:
        await self.clean(AsyncHTTPClient().fetch("http://127.0.0.1:1/"))

    async def clean(self, waiting: Any) -> None:
        try:
            await waiting
        finally:
            type(self).cleaned = True

    @gen.coroutine
    def generator(self) -> Any:
        try:
            yield locks.Event().wait()
        finally:
            type(self).cleaned = True

    @gen.coroutine
    def gen_sleep(self) -> Any:
        yield gen.sleep(1)

    @gen.coroutine
    def nested(self) -> Any:
        yield self.generator()


@pytest.mark.parametrize("place", ["main thread", "another thread"])
@pytest.mark.parametrize(
    "kind",
    ["native", "sleep", "task", "executor", "event", "fetch", "generator", "gen_sleep", "nested"],
)
def test_a_handler_that_waits_is_told_that_there_is_no_loop(
    kind: str, place: str, logs: LogWatch
) -> None:
    handler: Any = type("Handler", (Waiting,), {"get": getattr(Waiting, kind)})
    application = WSGIApplication([("/", handler)], log_function=quiet)
    with logs.expect("whirlwind.application", "Uncaught exception GET /"):
        if place == "main thread":
            status, _, _ = call(application)
        else:
            with ThreadPoolExecutor(1) as pool:
                status, _, _ = pool.submit(call, application).result()
        [record] = logs.records
        assert record.exc_info is not None
        assert "without an event loop only handlers that never wait" in str(record.exc_info[1])
        record.exc_info = None
    assert status == "500 Internal Server Error"
    gc.collect()  # a generator that nobody resumes any more is closed when it is collected
    assert handler.cleaned or kind in ("task", "executor", "fetch", "gen_sleep", "event")


def test_a_handler_that_wants_to_finish_later_is_an_error() -> None:
    class Later(web.RequestHandler):
        @web.asynchronous
        def get(self) -> None:
            pass

    with pytest.raises(RuntimeError, match="GET / was not answered when its handler returned"):
        call(WSGIApplication([("/", Later)], log_function=quiet))


def test_a_handler_that_takes_its_body_piece_by_piece_is_an_error() -> None:
    @web.stream_request_body
    class Streamed(web.RequestHandler):
        def get(self) -> None:
            pass

    with pytest.raises(RuntimeError, match="Streamed is decorated with stream_request_body"):
        call(WSGIApplication([("/", Streamed)], log_function=quiet))


@pytest.mark.parametrize(
    ("length", "status"), [("5", "400 Bad Request"), ("999999999", "413 Request Entity Too Large")]
)
def test_bodies_that_are_not_as_announced_are_refused(
    length: str, status: str, logs: LogWatch
) -> None:
    application = WSGIApplication(HANDLERS, log_function=quiet)
    with logs.expect("whirlwind.general", r"^POST /hello/: body"):
        answer = call(
            application, REQUEST_METHOD="POST", PATH_INFO="/hello/", CONTENT_LENGTH=length
        )
    assert answer[0].split(" ")[0] == status.split(" ")[0]


def test_rule_4_no_line_end_gets_into_a_header(logs: LogWatch) -> None:
    class Splitting(web.RequestHandler):
        def get(self) -> None:
            self._headers._fields["X"] = "a\r\nInjected: b"

    with (
        logs.expect("whirlwind.application", "Uncaught exception"),
        logs.expect("whirlwind.general", "Cannot send error response after headers written"),
    ):
        status, headers, body = call(WSGIApplication([("/", Splitting)], log_function=quiet))
    assert (status, body) == ("500 Internal Server Error", b"")
    assert "X" not in headers


@pytest.mark.parametrize("length", ["1", "3"])
def test_rule_7_a_body_of_another_length_than_announced_is_an_error(
    length: str, logs: LogWatch
) -> None:
    class Lying(web.RequestHandler):
        def get(self) -> None:
            self.set_header("Content-Length", length)
            self.write("ab")

    with logs.expect("whirlwind.general", f"Tried to write 2 bytes with Content-Length {length}"):
        status, _, body = call(WSGIApplication([("/", Lying)], log_function=quiet))
    assert (status, body) == ("500 Internal Server Error", b"")


def test_a_router_goes_as_well() -> None:
    def plain(request: Any) -> None:
        line = ResponseStartLine("HTTP/1.1", 200, "OK")
        request.connection.write_headers(line, HTTPHeaders(), request.body)
        request.connection.finish()

    application = web.Application(HANDLERS, log_function=quiet)
    router = RuleRouter(
        [Rule(PathMatches("/hello/.*"), application), Rule(PathMatches("/plain"), plain)]
    )
    adapter = WSGIAdapter(router)
    assert call(adapter, PATH_INFO="/hello/x")[2] == b"Hello x"
    given = {"CONTENT_LENGTH": "2", "wsgi_input": io.BytesIO(b"ab")}
    assert call(adapter, PATH_INFO="/plain", **given)[2] == b"ab"
    assert call(adapter, PATH_INFO="/other")[0] == "404 Not Found"
