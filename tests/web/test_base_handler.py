"""Handlers whose client goes away, and whose error pages fail."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.handlers import ask, request
from tests.support.loops import FACTORIES
from tests.support.raw_http import run, serving

from whirlwind import gen, web
from whirlwind.iostream import StreamClosedError

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


class Recording(web.RequestHandler):
    """Tells what happens to it."""

    def initialize(self, said: asyncio.Queue[Any]) -> None:
        self.said = said

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self.said.put_nowait("closed")

    def on_finish(self) -> None:
        self.said.put_nowait(("finished", self.get_status()))


def method_of(style: str, waited: list[asyncio.Future[Any]]) -> Any:
    def never() -> asyncio.Future[Any]:
        waited.append(asyncio.get_running_loop().create_future())
        return waited[-1]

    async def native(self: Any) -> None:
        self.said.put_nowait("waiting")
        try:
            await never()
        except asyncio.CancelledError:
            self.said.put_nowait("cancelled")
            raise

    @gen.coroutine
    def generator(self: Any) -> Any:
        self.said.put_nowait("waiting")
        try:
            yield {"a": never()}
        except asyncio.CancelledError:
            self.said.put_nowait("cancelled")
            raise

    return {"native": native, "generator": generator}[style]


@pytest.mark.parametrize("factory", FACTORIES.values(), ids=FACTORIES)
@pytest.mark.parametrize("where", ["prepare", "get"])
@pytest.mark.parametrize("style", ["native", "generator"])
def test_a_handler_that_wants_it_is_cancelled_when_its_client_goes_away(
    style: str, where: str, factory: Any
) -> None:
    waited: list[asyncio.Future[Any]] = []
    logged: list[int] = []

    class Handler(Recording):
        cancel_on_disconnect = True

    setattr(Handler, where, method_of(style, waited))

    async def main() -> None:
        said: asyncio.Queue[Any] = asyncio.Queue()
        application = web.Application(
            [("/", Handler, {"said": said})],
            log_function=lambda handler: logged.append(handler.get_status()),
        )
        async with serving(application) as running:
            client = await running.connect()
            await client.send(GET)
            assert await said.get() == "waiting"
            client.close()
            events = [await said.get() for _ in range(3)]
            assert events == ["closed", "cancelled", ("finished", 499)]
            assert waited[0].cancelled()

    run(main, factory)
    assert logged == [499]


def test_a_handler_that_does_not_want_it_goes_on() -> None:
    class Handler(Recording):
        async def get(self) -> None:
            self.said.put_nowait("waiting")
            while self.said.qsize() < 2:
                await asyncio.sleep(0)
            self.write("for nobody")

    async def main() -> None:
        said: asyncio.Queue[Any] = asyncio.Queue()
        application = web.Application(
            [("/", Handler, {"said": said})], log_function=lambda handler: None
        )
        async with serving(application) as running:
            client = await running.connect()
            await client.send(GET)
            client.writer.write_eof()
            assert b"for nobody" in await client.rest()  # it only had nothing more to say
            events = [said.get_nowait() for _ in range(3)]
            assert events == ["waiting", "closed", ("finished", 200)]

    run(main)


@pytest.mark.parametrize("end", ["returns", "closed error", "bug"])
def test_what_a_cancelled_handler_does_is_its_own(end: str, logs: LogWatch) -> None:
    class Handler(Recording):
        cancel_on_disconnect = True

        async def get(self) -> None:
            self.write("begun")
            await self.flush()
            self.said.put_nowait("waiting")
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if end == "closed error":
                    raise StreamClosedError
                if end == "bug":
                    raise ZeroDivisionError

    async def main() -> None:
        said: asyncio.Queue[Any] = asyncio.Queue()
        application = web.Application(
            [("/", Handler, {"said": said})], log_function=lambda handler: None
        )
        async with serving(application) as running:
            client = await running.connect()
            await client.send(GET)
            assert await said.get() == "waiting"
            client.close()
            assert [await said.get() for _ in range(2)] == ["closed", ("finished", 200)]

    if end == "bug":
        with (
            logs.expect("whirlwind.application", "Uncaught exception"),
            logs.expect("whirlwind.general", "Cannot send error response"),
        ):
            run(main)
    else:
        run(main)


def test_an_answer_that_comes_before_the_whole_request_is_no_reason_to_cancel() -> None:
    @web.stream_request_body
    class Handler(Recording):
        cancel_on_disconnect = True

        async def post(self) -> None:
            await self.body_stream().read()
            self.finish("enough")
            await asyncio.sleep(0)
            self.said.put_nowait("went on")

    async def main() -> None:
        said: asyncio.Queue[Any] = asyncio.Queue()
        application = web.Application(
            [("/", Handler, {"said": said})], log_function=lambda handler: None
        )
        async with serving(application) as running:
            client = await running.connect()
            await client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc")
            assert await client.answer() == (200, b"enough")
            events = [await said.get() for _ in range(3)]
            assert events == ["closed", ("finished", 200), "went on"]

    run(main)


@pytest.mark.parametrize("half", [True, False])
def test_no_connection_of_a_cancelled_handler_stays_open(half: bool) -> None:
    class Handler(Recording):
        cancel_on_disconnect = True

        async def get(self) -> None:
            self.said.put_nowait("waiting")
            await asyncio.Event().wait()

    async def main() -> None:
        said: asyncio.Queue[Any] = asyncio.Queue()
        application = web.Application(
            [("/", Handler, {"said": said})], log_function=lambda handler: None
        )
        async with serving(application) as running:
            client = await running.connect()
            await client.send(GET)
            assert await said.get() == "waiting"
            if half:
                client.writer.write_eof()
                assert await client.rest() == b""
            else:
                client.writer.transport.abort()
            assert [await said.get() for _ in range(2)] == ["closed", ("finished", 499)]

    run(main)


def test_what_a_program_adds_to_path_arguments_is_this_requests_alone() -> None:
    class Adds(web.RequestHandler):
        def prepare(self) -> None:
            self.path_args.append("a")
            self.path_kwargs["b"] = "c"

        def get(self, *args: str, **kwargs: str) -> None:
            self.write(f"{args} {kwargs}")

    class Other(web.RequestHandler):
        def get(self, *args: str, **kwargs: str) -> None:
            self.write(f"{args} {kwargs} {self.path_args} {self.path_kwargs}")

    for _ in range(2):
        [answer] = ask(Adds, request("/"))
        assert answer.body == b"('a',) {'b': 'c'}"
    [answer] = ask(Other, request("/"))
    assert answer.body == b"() {} [] {}"


class Exit(BaseException):
    """What testing frameworks raise to end a test."""


def failing(style: str, error: type[BaseException]) -> type[web.RequestHandler]:
    def plain(self: web.RequestHandler) -> None:
        raise error()

    @gen.coroutine
    def generator(self: web.RequestHandler) -> Any:
        yield gen.sleep(0)
        raise error()

    @gen.coroutine
    def finished_generator(self: web.RequestHandler) -> Any:
        yield []
        raise error()

    async def native(self: web.RequestHandler) -> None:
        await asyncio.sleep(0)
        raise error()

    async def finished_native(self: web.RequestHandler) -> None:
        raise error()

    return type("Failing", (web.RequestHandler,), {"get": locals()[style]})


STYLES = ["plain", "generator", "finished_generator", "native", "finished_native"]


@pytest.mark.parametrize("style", ["generator", "native", "finished_native"])
def test_an_exception_that_is_no_exception_is_answered_as_well(style: str, logs: LogWatch) -> None:
    with logs.expect("whirlwind.application", "Uncaught exception"):
        [answer] = ask(failing(style, Exit), request("/"))
    assert answer.status == 500


@pytest.mark.parametrize("style", ["native", "generator"])
def test_a_cancelled_handler_leaves_no_reference_cycle(style: str) -> None:
    waited: list[asyncio.Future[Any]] = []
    handlers: list[weakref.ref[Any]] = []
    said: asyncio.Queue[Any] = asyncio.Queue()

    class Left(Recording):
        cancel_on_disconnect = True
        get = method_of(style, waited)

    async def main() -> None:
        application = web.Application(
            [("/", Left, {"said": said})],
            log_function=lambda handler: handlers.append(weakref.ref(handler)),
        )
        async with serving(application) as running:
            client = await running.connect()
            gc.disable()
            try:
                await client.send(GET)
                assert await said.get() == "waiting"
                client.close()
                while await said.get() != ("finished", 499):
                    pass
                waited.clear()
                await running.exchange(b"")  # the server's loop has turned once more
                assert [handler() for handler in handlers] == [None]
            finally:
                gc.enable()

    run(main)


@pytest.mark.parametrize("factory", FACTORIES.values(), ids=FACTORIES)
@pytest.mark.parametrize("where", ["get", "prepare"])
@pytest.mark.parametrize("style", STYLES)
def test_an_error_leaves_no_reference_cycle(
    style: str, where: str, factory: Any, logs: LogWatch
) -> None:
    async def main() -> None:
        kind = failing(style, ValueError)
        made = type("Made", (web.RequestHandler,), {where: kind.get})
        handlers: list[weakref.ref[Any]] = []
        application = web.Application(
            [("/", made)], log_function=lambda handler: handlers.append(weakref.ref(handler))
        )
        async with serving(application) as running:
            gc.disable()
            try:
                await running.exchange(request("/"))
                await running.exchange(b"")  # the server's loop has turned once more
                assert [handler() for handler in handlers] == [None]
            finally:
                gc.enable()

    record = logging.getLogger("whirlwind.application")
    record.disabled = True  # the log that is watched would keep the exception
    try:
        run(main, factory)
    finally:
        record.disabled = False


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_client_whose_error_page_fails_as_well_does_not_wait_for_ever(
    asynchronous: bool, logs: LogWatch
) -> None:
    class Hopeless(web.RequestHandler):
        def flush(self, *args: Any, **kwargs: Any) -> Any:
            raise ZeroDivisionError

        if asynchronous:

            async def get(self) -> None:
                self.write("a")

        else:

            def get(self) -> None:  # type: ignore[misc]
                self.write("a")

    with (
        logs.expect("whirlwind.application", "Uncaught exception GET"),
        logs.expect("whirlwind.application", "Uncaught exception in write_error"),
        logs.expect("whirlwind.application", "Exception in exception handler"),
    ):
        (answer,) = ask(Hopeless, request("/"))
    assert answer.status == 500
    assert answer.body == b""


def test_an_answer_that_has_begun_breaks_off_where_its_error_page_fails(logs: LogWatch) -> None:
    class Hopeless(web.RequestHandler):
        async def get(self) -> None:
            self.write("a")
            await self.flush()
            self.flush = None  # type: ignore[method-assign, assignment]
            raise ZeroDivisionError

    wire = []

    async def main() -> None:
        application = web.Application([("/", Hopeless)], log_function=lambda _: None)
        async with serving(application) as running:
            wire.append(await running.exchange(request("/")))

    with (
        logs.expect("whirlwind.application", "Uncaught exception GET"),
        logs.expect("whirlwind.general", "Cannot send error response|Failed to flush", count=2),
    ):
        run(main)
    assert wire[0].endswith(b"1\r\na\r\n")
