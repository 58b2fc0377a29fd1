"""Requests on their way into a handler: streamed bodies, and what is wrong with them."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

import pytest
from tests.support.handlers import Answer, ask, request
from tests.support.raw_http import run, serving

from whirlwind import gen, web


def test_a_streamed_body_comes_in_pieces_after_prepare() -> None:
    events: list[Any] = []

    @web.stream_request_body
    class Handler(web.RequestHandler):
        async def prepare(self) -> None:
            await asyncio.sleep(0)
            events.append("prepare")

        async def data_received(self, chunk: bytes) -> None:
            await asyncio.sleep(0)
            events.append(len(chunk))

        def post(self) -> None:
            events.append("post")
            self.write(str(len(self.request.body)))

    [answer] = ask(Handler, request("/", method="POST", body=b"x" * 300_000))
    assert answer.body == b"0"
    assert events[0] == "prepare"
    assert events[-1] == "post"
    assert sum(events[1:-1]) == 300_000
    assert max(events[1:-1]) <= 65536


def test_a_streamed_body_may_be_larger_if_prepare_says_so() -> None:
    @web.stream_request_body
    class Handler(web.RequestHandler):
        def prepare(self) -> None:
            self.request.connection.set_max_body_size(20)

        def data_received(self, chunk: bytes) -> None:
            pass

        def post(self) -> None:
            self.write("done")

    async def main() -> None:
        async with serving(web.Application([("/", Handler)]), max_body_size=10) as running:
            for size, status in ((20, 200), (21, 400)):
                wire = request("/", method="POST", body=b"x" * size)
                assert Answer(await running.exchange(wire)).status == status

    run(main)


def refuses(style: str) -> type[web.RequestHandler]:
    """A handler that refuses its streamed body at the first piece."""

    def plain(self: web.RequestHandler, chunk: bytes) -> None:
        raise web.HTTPError(422, reason="No Such Thing")

    @gen.coroutine
    def generator(self: web.RequestHandler, chunk: bytes) -> Any:
        yield gen.moment
        raise web.HTTPError(422, reason="No Such Thing")

    async def native(self: web.RequestHandler, chunk: bytes) -> None:
        await asyncio.sleep(0)
        raise web.HTTPError(422, reason="No Such Thing")

    def never(self: web.RequestHandler) -> None:
        raise AssertionError("the method runs when the body is complete")

    handler = type(
        "Refuses", (web.RequestHandler,), {"data_received": locals()[style], "post": never}
    )
    return web.stream_request_body(handler)


@pytest.mark.parametrize("style", ["plain", "generator", "native"])
@pytest.mark.parametrize("size", [5, 300_000])
def test_an_error_in_data_received_is_answered_as_any_other(style: str, size: int) -> None:
    body = b"x" * size
    [answer] = ask(refuses(style), request("/", method="POST", body=body))
    assert (answer.status, answer.reason) == (422, "No Such Thing")
    assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize("style", ["plain", "generator", "native"])
def test_after_an_error_in_data_received_no_further_request_is_answered(style: str) -> None:
    later = request("/later")
    wire = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello" + later
    [answer] = ask(refuses(style), wire)
    assert answer.status == 422
    assert answer.body.count(b"HTTP/1.1") == 0


VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE")


@pytest.mark.parametrize("style", ["plain", "generator", "native"])
def test_data_received_has_the_context_of_the_other_steps(style: str) -> None:
    def note(self: Any) -> None:
        self.seen = VARIABLE.get()

    @gen.coroutine
    def generator(self: Any, chunk: bytes) -> Any:
        yield gen.moment
        note(self)

    async def native(self: Any, chunk: bytes) -> None:
        await asyncio.sleep(0)
        note(self)

    def plain(self: Any, chunk: bytes) -> None:
        note(self)

    received = {"plain": plain, "generator": generator, "native": native}[style]

    class Handler(web.RequestHandler):
        data_received = received
        seen = ""

        def prepare(self) -> None:
            VARIABLE.set("of prepare")

        def post(self) -> None:
            self.write(self.seen)

    [answer] = ask(web.stream_request_body(Handler), request("/", method="POST", body=b"x"))
    assert answer.body == b"of prepare"
