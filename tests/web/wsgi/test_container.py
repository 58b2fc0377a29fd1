"""WSGI applications in our server, over real sockets, with and without threads."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any
from wsgiref.validate import validator

import pytest
from tests.conftest import LogWatch
from tests.support.handlers import Answer, request
from tests.support.raw_http import Serving, run, serving

from whirlwind import web
from whirlwind.routing import AnyMatches, PathMatches, Rule, RuleRouter
from whirlwind.wsgi import WSGIContainer

TEXT = [("Content-Type", "text/plain")]


@pytest.fixture(params=["the loop's thread", "threads"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor | None]:
    if request.param == "threads":
        with ThreadPoolExecutor(2) as pool:
            yield pool
    else:
        yield None


class Body:
    """An iterable that says when it was closed, and may end with an exception."""

    def __init__(self, *chunks: bytes | Exception) -> None:
        self.chunks = iter(chunks)
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self.chunks)
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    def close(self) -> None:
        self.closed.set()


def answering(status: str, body: Any, *headers: tuple[str, str]) -> Callable[..., Any]:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, [*TEXT, *headers])
        return body() if callable(body) else body

    return application


def ask(application: Any, executor: Executor | None, *wires: bytes) -> list[Answer]:
    answers: list[Answer] = []

    async def story(running: Serving) -> None:
        answers.extend([Answer(await running.exchange(wire)) for wire in wires])

    with_server(application, executor, story)
    return answers


def with_server(
    application: Any, executor: Executor | None, story: Callable[[Serving], Awaitable[None]]
) -> None:
    container = WSGIContainer(application, executor)

    async def main() -> None:
        async with serving(container) as running:
            await story(running)
            await settled(container)

    run(main)


async def settled(container: WSGIContainer) -> None:
    """Wait for close() of the last answers, which the client does not wait for."""
    if container._tasks:
        await asyncio.wait(container._tasks)


def test_a_list_goes_out_at_once_with_its_length(executor: Executor | None) -> None:
    [answer] = ask(answering("200 OK", [b"Hello ", b"world"]), executor, request("/"))
    assert (answer.status, answer.body) == (200, b"Hello world")
    assert answer.headers["Content-Length"] == "11"
    assert answer.headers["Content-Type"] == "text/plain"


class Counted(Body):
    """An iterable that says that it has no pieces, and has some."""

    def __len__(self) -> int:
        return 0


def test_a_body_is_asked_for_its_pieces_and_not_for_their_number(
    executor: Executor | None,
) -> None:
    [answer] = ask(answering("200 OK", Counted(b"a", b"b")), executor, request("/"))
    assert answer.body.endswith(b"1\r\nb\r\n0\r\n\r\n")


def test_no_request_leaves_a_reference_cycle(executor: Executor | None, logs: LogWatch) -> None:
    """What the application gets would stay until the collector comes, body and all."""
    environs: list[weakref.ref[Any]] = []

    class Noted(dict[str, Any]):
        pass

    class Container(WSGIContainer):
        def environ(self, request: Any) -> dict[str, Any]:
            environ = Noted(super().environ(request))
            environs.append(weakref.ref(environ))
            return environ

    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b"piece"
        if environ["PATH_INFO"] == "/error":
            raise ValueError(environ["PATH_INFO"])

    async def main() -> None:
        container = Container(application, executor)
        async with serving(container) as running:
            gc.disable()
            try:
                for path in ("/", "/error"):
                    await running.exchange(request(path))
                    await settled(container)
                await running.exchange(b"")  # the server's loop has turned once more
                if executor is not None:
                    await asyncio.wrap_future(executor.submit(int))  # ... and so has its thread
                    await asyncio.wrap_future(executor.submit(int))
                assert [environ() for environ in environs] == [None, None]
            finally:
                gc.enable()

    application_log = logging.getLogger("whirlwind.application")
    application_log.disabled = True  # the log that is watched would keep the exception
    try:
        with logs.expect("whirlwind.access", "500 GET /error"):
            run(main)
    finally:
        application_log.disabled = False


def test_pieces_go_out_as_they_come(executor: Executor | None) -> None:
    body = Body(b"", b"a", b"", b"b")
    [answer] = ask(answering("200 OK", body), executor, request("/"))
    assert answer.body == b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert body.closed.is_set()


def test_the_first_piece_is_there_before_the_second_is_made() -> None:
    second = threading.Event()

    def application(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Length", "2")])
        yield b"a"
        second.wait()
        yield b"b"

    async def story(running: Serving) -> None:
        client = await running.connect()
        await client.send(request("/"))
        await client.head()
        assert await client.reader.readexactly(1) == b"a"
        second.set()
        assert await client.rest() == b"b"

    with ThreadPoolExecutor(1) as pool:
        with_server(application, pool, story)


def test_a_client_that_does_not_read_holds_the_application_back(executor: Executor | None) -> None:
    made = 0

    def pieces() -> Iterator[bytes]:
        nonlocal made
        for _ in range(400):
            made += 1
            yield bytes(65_536)

    async def story(running: Serving) -> None:
        client = await running.connect(limit=1024)
        await client.send(request("/"))
        [protocol] = running.server._connections
        while not protocol.write_paused:
            await asyncio.sleep(0)
        before = made
        for _ in range(100):
            await asyncio.sleep(0)
        assert made <= before + 1 < 400  # the piece that was asked for meanwhile
        head = await client.head()
        assert b"Content-Length: 26214400" in head
        assert len(await client.rest()) == 26_214_400
        assert made == 400

    length = ("Content-Length", str(400 * 65_536))
    with_server(answering("200 OK", pieces, length), executor, story)


def test_a_client_that_goes_away_ends_the_body_and_it_is_closed(
    executor: Executor | None,
) -> None:
    closed = asyncio.Event()

    async def story(running: Serving) -> None:
        loop = asyncio.get_running_loop()

        def close() -> None:
            loop.call_soon_threadsafe(closed.set)

        endless = Body()
        endless.chunks = iter(lambda: bytes(65_536), b"")
        endless.close = close  # type: ignore[method-assign]
        bodies.append(endless)
        client = await running.connect()
        await client.send(request("/"))
        await client.head()
        client.close()
        await closed.wait()

    bodies: list[Body] = []
    with_server(answering("200 OK", bodies.pop), executor, story)


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_the_validator_of_the_standard_library_finds_nothing(
    method: str, executor: Executor | None
) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        write = start_response("200 OK", [*TEXT, ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
        write(b"written ")
        yield b"got "
        yield body

    body = b"body" if method == "POST" else b""
    wire = request("/a?b", "X-A: 1", method=method, body=body)
    [answer] = ask(validator(application), executor, wire)
    assert answer.status == 200
    if method != "HEAD":
        assert answer.body.startswith(b"8\r\nwritten \r\n4\r\ngot \r\n")


@pytest.mark.parametrize("body", [[b"x" * 5], lambda: Body(b"x" * 5)])
def test_head_sends_no_body_and_the_length_where_it_is_known(
    body: Any, executor: Executor | None
) -> None:
    [answer] = ask(answering("200 OK", body), executor, request("/", method="HEAD"))
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers.get("Content-Length") == ("5" if isinstance(body, list) else None)


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
@pytest.mark.parametrize("body", [[], [b"forbidden"], lambda: Body(b"forbidden")])
def test_statuses_without_a_body_have_none(
    status: str, body: Any, executor: Executor | None
) -> None:
    [answer] = ask(answering(status, body), executor, request("/"))
    assert (answer.status, answer.body) == (int(status[:3]), b"")
    assert "Content-Length" not in answer.headers
    assert "Transfer-Encoding" not in answer.headers


def test_an_exception_before_the_head_is_answered_with_500(
    executor: Executor | None, logs: LogWatch
) -> None:
    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        raise ValueError("x")

    with (
        logs.expect("whirlwind.application", "Uncaught exception in a WSGI application: GET /a"),
        logs.expect("whirlwind.access", "^500 GET /a"),
    ):
        [answer] = ask(application, executor, request("/a"))
    assert answer.status == 500
    assert b"Internal Server Error" in answer.body


@pytest.mark.parametrize(
    ("application", "message"),
    [
        (lambda environ, start: [b"x"], "did not call start_response"),
        (lambda environ, start: None, "not iterable"),
        (answering("nonsense", []), "status of a WSGI application"),
        (answering("200 OK", ["text"]), "not bytes"),
        (answering("200 OK", [], ("X", "a\r\nb")), "Invalid header value"),
        (answering("200 a\nb", []), "status of a WSGI application|may not be sent"),
    ],
)
def test_an_application_that_breaks_the_rules_is_answered_with_500(
    application: Any, message: str, executor: Executor | None, logs: LogWatch
) -> None:
    with (
        logs.expect("whirlwind.application", "Uncaught exception"),
        logs.expect("whirlwind.access", "^500"),
    ):
        [answer] = ask(application, executor, request("/"))
        [record] = [r for r in logs.records if r.name == "whirlwind.application"]
        assert record.exc_info is not None
        assert any(part in str(record.exc_info[1]) for part in message.split("|"))
    assert answer.status == 500
    record.exc_info = None


def test_an_exception_in_the_body_cuts_the_answer_off(
    executor: Executor | None, logs: LogWatch
) -> None:
    body = Body(b"a", ValueError("x"))
    with (
        logs.expect("whirlwind.application", "Uncaught exception"),
        logs.expect("whirlwind.access", "^500"),
    ):
        [answer] = ask(answering("200 OK", body), executor, request("/"))
    assert answer.body == b"1\r\na\r\n"  # without the last chunk, so that the client can tell
    assert body.closed.is_set()


def test_rule_7_a_client_of_http_1_0_can_tell_that_a_body_broke_off(
    executor: Executor | None, logs: LogWatch
) -> None:
    async def story(running: Serving) -> None:
        client = await running.connect()
        await client.send(b"GET / HTTP/1.0\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            await client.rest()

    body = Body(b"a", ValueError("x"))
    with (
        logs.expect("whirlwind.application", "Uncaught exception"),
        logs.expect("whirlwind.access", "^500"),
    ):
        with_server(answering("200 OK", body), executor, story)
    assert body.closed.is_set()


@pytest.mark.parametrize("length", ["1", "3"])
def test_rule_7_a_body_of_another_length_than_announced_is_an_error(
    length: str, executor: Executor | None, logs: LogWatch
) -> None:
    application = answering("200 OK", [b"ab"], ("Content-Length", length))
    with (
        logs.expect("whirlwind.application", "Uncaught exception"),
        logs.expect("whirlwind.access", "^500"),
    ):

        async def story(running: Serving) -> None:
            client = await running.connect()
            await client.send(request("/"))
            try:
                received = await client.rest()
            except ConnectionError:
                received = b""
            assert not received.endswith(b"ab") or length == "3"

        with_server(application, executor, story)


def test_an_error_page_takes_the_place_of_a_head_that_is_not_sent(
    executor: Executor | None, logs: LogWatch
) -> None:
    def application(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b""
        try:
            raise ValueError("x")
        except ValueError:
            start_response("503 Sorry", TEXT, sys.exc_info())
        yield b"sorry"

    with logs.expect("whirlwind.access", "^503"):
        [answer] = ask(application, executor, request("/"))
    assert (answer.status, answer.reason) == (503, "Sorry")


def test_an_exception_in_close_is_logged_and_the_answer_is_whole(
    executor: Executor | None, logs: LogWatch
) -> None:
    class Closing(Body):
        def close(self) -> None:
            raise ValueError("x")

    with logs.expect("whirlwind.application", r"Exception in close\(\)"):
        [answer] = ask(answering("200 OK", lambda: Closing(b"a")), executor, request("/"))
    assert answer.body.endswith(b"0\r\n\r\n")


def test_write_waits_until_the_client_has_room() -> None:
    written = 0

    def application(environ: Any, start_response: Any) -> list[bytes]:
        nonlocal written
        write = start_response("200 OK", [("Content-Length", str(100 * 1_048_576))])
        for _ in range(100):
            write(bytes(1_048_576))
            written += 1
        return []

    async def story(running: Serving) -> None:
        client = await running.connect(limit=1024)
        await client.send(request("/"))
        [protocol] = running.server._connections
        while not protocol.write_paused:
            await asyncio.sleep(0)
        assert written < 100
        await client.head()
        received = 0
        while piece := await client.reader.read(1_048_576):
            received += len(piece)
        assert received == 100 * 1_048_576

    with ThreadPoolExecutor(1) as pool:
        with_server(application, pool, story)


def test_what_a_cancelled_request_still_makes_is_closed() -> None:
    body = Body(b"a")
    entered, leave = threading.Event(), threading.Event()

    def application(environ: Any, start_response: Any) -> Body:
        entered.set()
        leave.wait()
        return body

    async def story(running: Serving) -> None:
        client = await running.connect()
        await client.send(request("/"))
        await asyncio.to_thread(entered.wait)
        container: Any = running.server.request_callback
        [task] = container._tasks
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert (await client.head()).startswith(b"HTTP/1.1 500 ")
        leave.set()

    with ThreadPoolExecutor(1) as pool:
        with_server(application, pool, story)
    assert body.closed.is_set()


def test_pipelined_requests_are_answered_in_order(executor: Executor | None) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)
        return [environ["PATH_INFO"].encode()]

    async def story(running: Serving) -> None:
        client = await running.connect()
        keep = b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n"
        await client.send(keep % 1 + keep % 2 + keep % 3)
        assert [await client.answer() for _ in range(3)] == [
            (200, b"/1"),
            (200, b"/2"),
            (200, b"/3"),
        ]

    with_server(application, executor, story)


def test_a_body_and_a_client_s_address_arrive(executor: Executor | None) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)
        name = environ["REMOTE_ADDR"]
        assert environ["wsgi.multithread"] is (executor is not None)
        return [name.encode(), b" ", environ["wsgi.input"].read()]

    [answer] = ask(application, executor, request("/", method="POST", body=b"body"))
    assert answer.body == b"127.0.0.1 body"


def hello(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", TEXT)
    return [b"WSGI at " + environ["PATH_INFO"].encode()]


class Native(web.RequestHandler):
    def get(self) -> None:
        self.finish("native")


@pytest.mark.parametrize("kind", ["fallback", "rule", "router", "path"])
def test_a_container_may_answer_for_a_part_of_an_application(
    kind: str, executor: Executor | None
) -> None:
    container = WSGIContainer(hello, executor)
    quiet: dict[str, Any] = {"log_function": lambda handler: None}
    targets: dict[str, Callable[[], Any]] = {
        "fallback": lambda: web.Application(
            [("/native", Native), ("/.*", web.FallbackHandler, {"fallback": container})], **quiet
        ),
        "rule": lambda: web.Application(
            [("/native", Native), Rule(AnyMatches(), container)], **quiet
        ),
        "router": lambda: RuleRouter(
            [
                Rule(PathMatches("/native"), web.Application([("/native", Native)], **quiet)),
                Rule(AnyMatches(), container),
            ]
        ),
        "path": lambda: RuleRouter(
            [("/native", web.Application([("/native", Native)], **quiet)), ("/.*", container)]
        ),
    }
    target = targets[kind]()

    async def main() -> None:
        async with serving(target) as running:
            native = Answer(await running.exchange(request("/native")))
            other = Answer(await running.exchange(request("/other")))
            assert (native.body, other.body) == (b"native", b"WSGI at /other")
            await settled(container)

    run(main)


def test_environ_can_be_added_to() -> None:
    class Container(WSGIContainer):
        def environ(self, request: Any) -> dict[str, Any]:
            return {**super().environ(request), "PATH_INFO": "/mine"}

    async def main() -> None:
        async with serving(Container(hello)) as running:
            assert Answer(await running.exchange(request("/"))).body == b"WSGI at /mine"

    run(main)
