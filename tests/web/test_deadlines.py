"""Handlers that take too long, on a loop whose time passes only while everybody waits."""

from __future__ import annotations

import asyncio
import gc
import math
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.loops import FACTORIES, VirtualTimeLoop
from tests.support.raw_http import run, serving

from whirlwind import gen, web
from whirlwind._web.base_handler import BaseHandler
from whirlwind._web.deadlines import timeout_of
from whirlwind.ioloop import IOLoop

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def serving_one(handler: type[web.RequestHandler], **settings: Any) -> Any:
    settings.setdefault("log_function", lambda handler: None)
    return serving(web.Application([("/.*", handler)], **settings))


@pytest.mark.parametrize(
    ("own", "settings", "expected"),
    [
        (None, {}, None),
        (None, {"handler_timeout": 3}, 3.0),
        (None, {"handler_timeout": None}, None),
        (2, {"handler_timeout": 3}, 2.0),
        (math.inf, {"handler_timeout": 3}, None),
        (0.5, {}, 0.5),
    ],
)
def test_a_handlers_own_timeout_comes_before_the_applications(
    own: float | None, settings: dict[str, Any], expected: float | None
) -> None:
    assert timeout_of(own, settings) == expected


@pytest.mark.parametrize("timeout", [0, -1, math.nan])
def test_a_timeout_is_above_zero(timeout: float) -> None:
    with pytest.raises(ValueError, match="handler_timeout"):
        timeout_of(timeout, {})


def waits(kind: str, waited: list[asyncio.Future[Any]]) -> Callable[..., Any]:
    """A method that waits for ever."""

    def never() -> asyncio.Future[Any]:
        waited.append(asyncio.get_running_loop().create_future())
        return waited[-1]

    async def native(self: web.RequestHandler) -> None:
        await never()

    @gen.coroutine
    def inner() -> Any:
        yield never()

    @gen.coroutine
    def generator(self: web.RequestHandler) -> Any:
        yield gen.moment
        yield inner()

    def future(self: web.RequestHandler) -> Any:
        return never()

    @web.asynchronous
    @gen.coroutine
    def old(self: web.RequestHandler) -> Any:
        yield never()

    return locals()[kind]  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", ["native", "generator", "future", "old"])
@pytest.mark.parametrize("where", ["prepare", "get"])
@pytest.mark.parametrize("by", ["class", "application", "instance"])
def test_a_handler_that_takes_too_long_is_cancelled_and_answered_with_503(
    kind: str, where: str, by: str, logs: LogWatch
) -> None:
    waited: list[asyncio.Future[Any]] = []
    finished: list[int] = []

    class Handler(web.RequestHandler):
        if by == "class":
            handler_timeout = 2

        def initialize(self) -> None:
            if by == "instance":
                self.handler_timeout = 2

        def get(self) -> None:
            raise AssertionError("prepare was cancelled")

        def on_finish(self) -> None:
            finished.append(self.get_status())

    setattr(Handler, where, waits(kind, waited))

    async def main() -> None:
        settings = {"handler_timeout": 2} if by == "application" else {}
        async with serving_one(Handler, **settings) as running:
            client = await running.connect()
            loop = asyncio.get_running_loop()
            began = loop.time()
            await client.send(GET)
            status, body = await client.answer()
            assert (status, b"503: Service Unavailable" in body) == (503, True)
            assert 2 <= loop.time() - began < 2.1
            assert waited[0].cancelled()
            await client.send(GET)  # the connection is kept
            assert (await client.answer())[0] == 503

    with logs.expect("whirlwind.general", "503 GET / .*not done within 2.0 seconds", count=2):
        run(main, VirtualTimeLoop)
    assert finished == [503, 503]


@pytest.mark.parametrize("factory", FACTORIES.values(), ids=FACTORIES)
def test_a_deadline_passes_on_real_loops(factory: Any, logs: LogWatch) -> None:
    class Handler(web.RequestHandler):
        handler_timeout = 0.01

        async def get(self) -> None:
            await asyncio.get_running_loop().create_future()

    async def main() -> None:
        async with serving_one(Handler) as running:
            assert b" 503 " in await running.exchange(GET)

    with logs.expect("whirlwind.general", "503 GET"):
        run(main, factory)


@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
@pytest.mark.parametrize("length", [None, "100"])
@pytest.mark.parametrize("loop", [VirtualTimeLoop, *FACTORIES.values()])
def test_rule_7_an_answer_that_has_begun_is_broken_off_so_that_it_shows(
    version: bytes, length: str | None, loop: Any, logs: LogWatch
) -> None:
    finished: list[str] = []

    class Handler(web.RequestHandler):
        handler_timeout = 0.05

        async def get(self) -> None:
            if length is not None:
                self.set_header("Content-Length", length)
            self.write("begun")
            await self.flush()
            await asyncio.sleep(5)
            self.write("never")

        def on_finish(self) -> None:
            finished.append("finished")

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            await client.send(GET.replace(b"HTTP/1.1", version))
            await client.head()
            body = await client.reader.readexactly(5 if length or version == b"HTTP/1.0" else 10)
            assert b"begun" in body
            if length is None and version == b"HTTP/1.0":
                # Such an answer ends with its connection: only a reset says that it is not whole.
                with pytest.raises(ConnectionResetError):
                    await client.rest()
            else:
                assert await client.rest() == b""

    with logs.expect("whirlwind.general", "503 GET"):
        run(main, loop)
    assert finished == ["finished"]


def test_what_is_left_can_be_read() -> None:
    left: list[float] = []

    class Handler(web.RequestHandler):
        handler_timeout = 2

        async def get(self) -> None:
            await asyncio.sleep(float(self.get_query_argument("after")))
            assert self.deadline is not None
            left.append(self.deadline - IOLoop.current().time())

    class Unlimited(web.RequestHandler):
        def get(self) -> None:
            assert self.deadline is None
            self.deadline = 7.0  # programs have names of their own

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            for after in (b"0.5", b"1"):
                await client.send(GET.replace(b"/", b"/?after=" + after, 1))
                assert (await client.answer())[0] == 200
        async with serving_one(Unlimited) as running:
            assert b" 200 " in await running.exchange(GET)

    run(main, VirtualTimeLoop)
    assert left == [pytest.approx(1.5, abs=0.05), pytest.approx(1, abs=0.05)]


def test_all_steps_share_one_deadline(logs: LogWatch) -> None:
    class Handler(web.RequestHandler):
        handler_timeout = 2

        @gen.coroutine
        def prepare(self) -> Any:
            yield asyncio.sleep(1.5)

        @gen.coroutine
        def get(self) -> Any:
            yield asyncio.sleep(1)

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            loop = asyncio.get_running_loop()
            began = loop.time()
            await client.send(GET)
            assert (await client.answer())[0] == 503
            assert loop.time() - began < 2.1

    with logs.expect("whirlwind.general", "503 GET"):
        run(main, VirtualTimeLoop)


@pytest.mark.parametrize("timeout", [2, None])
def test_a_timer_is_set_only_where_a_handler_waits_and_taken_back_then(
    timeout: float | None,
) -> None:
    timers: list[Any] = []

    class Loop(VirtualTimeLoop):
        def call_at(  # type: ignore[override]
            self, when: float, callback: Any, *args: Any, **kwargs: Any
        ) -> Any:
            handle = super().call_at(when, callback, *args, **kwargs)
            if getattr(callback, "__name__", "") == "_expire":
                timers.append(handle)
            return handle

    class Handler(web.RequestHandler):
        handler_timeout = timeout

        def get(self) -> None:
            self.write("at once")

        @gen.coroutine
        def put(self) -> Any:
            yield []
            self.write("at once")

        @gen.coroutine
        def post(self) -> Any:
            yield asyncio.sleep(0.1)
            yield asyncio.sleep(0.1)

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            for method in (b"GET", b"PUT"):
                await client.send(GET.replace(b"GET", method))
                assert await client.answer() == (200, b"at once")
                assert timers == []
            await client.send(GET.replace(b"GET", b"POST"))
            assert (await client.answer())[0] == 200
            await asyncio.sleep(0)
            assert [timer.cancelled() for timer in timers] == ([] if timeout is None else [True])

    run(main, Loop)


def test_a_handler_may_use_its_last_moment(logs: LogWatch) -> None:
    class Handler(web.RequestHandler):
        handler_timeout = 1

        async def get(self) -> None:
            path = self.request.path
            try:
                await asyncio.sleep(3)
            except asyncio.CancelledError:
                if path == "/caught":
                    await asyncio.sleep(0.5)  # nobody cancels it twice
                    self.write("a part of it")
                    return
                if path == "/answered":
                    self.finish("too late")
                    raise
                if path == "/failed":
                    raise web.HTTPError(504)
                if path == "/bug":
                    raise ZeroDivisionError

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            for path, answer in (
                ("/caught", (200, b"a part of it")),
                ("/answered", (200, b"too late")),
                ("/failed", (504, None)),
                ("/bug", (500, None)),
            ):
                await client.send(GET.replace(b"GET /", f"GET {path}".encode()))
                status, body = await client.answer()
                assert (status, body if answer[1] else None) == answer

    with logs.expect("whirlwind.application", "Uncaught exception GET /bug"):
        run(main, VirtualTimeLoop)


def test_a_timeout_can_be_lifted_while_the_handler_runs() -> None:
    class Handler(web.RequestHandler):
        handler_timeout = 1.0

        async def get(self) -> None:
            await asyncio.sleep(0.5)
            self.handler_timeout = math.inf
            await asyncio.sleep(2)
            self.write("done")

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            await client.send(GET)
            assert await client.answer() == (200, b"done")

    run(main, VirtualTimeLoop)


@pytest.mark.parametrize("reads", [True, False])
def test_a_slow_upload_meets_the_deadline_of_its_handler(reads: bool, logs: LogWatch) -> None:
    class Reading(web.RequestHandler):
        handler_timeout = 1

        async def post(self) -> None:
            async for _ in self.body_stream():
                pass

    class Pushed(web.RequestHandler):
        handler_timeout = 1

        def data_received(self, chunk: bytes) -> None:
            pass

    async def main() -> None:
        handler = web.stream_request_body(Reading if reads else Pushed)
        async with serving_one(handler) as running:
            client = await running.connect()
            await client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc")
            assert b" 503 " in await client.head()

    with logs.expect("whirlwind.general", "503 POST"):
        run(main, VirtualTimeLoop)


def test_a_handler_whose_execute_was_replaced_has_a_deadline_too(logs: LogWatch) -> None:
    class Handler(web.RequestHandler):
        handler_timeout = 1

        async def _execute(self, transforms: Any, *args: Any, **kwargs: Any) -> None:
            await super()._execute(transforms, *args, **kwargs)

        async def get(self) -> None:
            await asyncio.sleep(3)

    async def main() -> None:
        async with serving_one(Handler) as running:
            assert b" 503 " in await running.exchange(GET)

    with logs.expect("whirlwind.general", "503 GET"):
        run(main, VirtualTimeLoop)


def test_what_waits_behind_a_deadline_is_freed_without_the_collector() -> None:
    handlers: list[weakref.ref[BaseHandler]] = []

    class Handler(web.RequestHandler):
        handler_timeout = 5

        def initialize(self) -> None:
            handlers.append(weakref.ref(self))

        async def get(self) -> None:
            await asyncio.sleep(0.1)

        @gen.coroutine
        def post(self) -> Any:
            yield asyncio.sleep(0.1)

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            gc.disable()
            try:
                for method in (b"GET", b"POST"):
                    await client.send(GET.replace(b"GET", method))
                    assert (await client.answer())[0] == 200
                for _ in range(5):
                    await asyncio.sleep(0)
                assert [handler() for handler in handlers] == [None, None]
            finally:
                gc.enable()

    run(main, VirtualTimeLoop)
