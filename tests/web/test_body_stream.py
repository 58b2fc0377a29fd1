"""The body of a request, between a server that gives and a handler that takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from tests.support.loops import run

from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._web.body_stream import BodyStream


def with_body(
    main: Callable[[BodyStream, asyncio.Future[None]], Coroutine[Any, Any, None]],
) -> None:
    async def make() -> None:
        asked = asyncio.get_running_loop().create_future()
        await main(BodyStream(asked), asked)

    run(make())


def test_the_body_is_asked_for_with_the_first_read() -> None:
    async def main(body: BodyStream, asked: asyncio.Future[None]) -> None:
        assert not asked.done()
        reading = body.read()
        assert asked.done()
        assert body.feed(b"a") is None
        assert await reading == b"a"

    with_body(main)


def test_a_piece_that_nobody_waits_for_holds_the_server_back() -> None:
    async def main(body: BodyStream, asked: asyncio.Future[None]) -> None:
        waiting = body.feed(b"a")
        assert waiting is not None
        assert body.feed(b"b") is waiting
        assert await body.read() == b"a"
        assert not waiting.done()
        assert await body.read() == b"b"
        assert waiting.done()

    with_body(main)


def test_the_end_can_be_read_again_and_again() -> None:
    async def main(body: BodyStream, asked: asyncio.Future[None]) -> None:
        body.feed(b"a")
        body.feed_eof()
        assert [piece async for piece in body] == [b"a"]
        assert [await body.read(), await body.read()] == [b"", b""]
        body.fail()  # a client may go once all of it is here
        assert await body.read() == b""

    with_body(main)


def test_the_end_reaches_a_reader_that_waits() -> None:
    async def main(body: BodyStream, asked: asyncio.Future[None]) -> None:
        reading = body.read()
        body.feed_eof()
        assert await reading == b""

    with_body(main)


def test_rule_7_a_body_that_is_lost_is_an_error_after_what_came_of_it() -> None:
    async def main(body: BodyStream, asked: asyncio.Future[None]) -> None:
        waiting = body.feed(b"a")
        body.fail()
        assert waiting is not None
        assert waiting.done()
        assert await body.read() == b"a"
        for _ in range(2):
            with pytest.raises(StreamClosedError):
                await body.read()

    with_body(main)


def test_a_reader_that_waits_is_told_of_the_loss() -> None:
    async def main(body: BodyStream, asked: asyncio.Future[None]) -> None:
        reading = body.read()
        body.fail()
        with pytest.raises(StreamClosedError):
            await reading

    with_body(main)


def test_a_reader_that_is_cancelled_loses_nothing() -> None:
    async def main(body: BodyStream, asked: asyncio.Future[None]) -> None:
        body.read().cancel()
        assert body.feed(b"a") is not None
        assert await body.read() == b"a"

    with_body(main)


def test_there_is_one_reader() -> None:
    async def main(body: BodyStream, asked: asyncio.Future[None]) -> None:
        reading = body.read()
        with pytest.raises(RuntimeError, match="already"):
            body.read()
        with pytest.raises(RuntimeError, match="already"):
            body.claim()
        body.feed_eof()
        await reading

    with_body(main)


def test_a_reader_cancelled_in_the_turn_of_its_piece_loses_nothing() -> None:
    async def main(body: BodyStream, asked: asyncio.Future[None]) -> None:
        async def read() -> bytes:
            return await body.read()

        for piece in (b"a", b"b"):
            reader = asyncio.ensure_future(read())
            await asyncio.sleep(0)
            body.feed(piece)
            reader.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reader
            assert await body.read() == piece
        reader = asyncio.ensure_future(read())
        await asyncio.sleep(0)
        body.feed_eof()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert await body.read() == b""

    with_body(main)


def test_a_reader_that_gave_up_leaves_its_piece_to_the_next() -> None:
    async def main(body: BodyStream, asked: asyncio.Future[None]) -> None:
        reading = body.read()
        reading.cancel()
        following = body.read()
        assert body.feed(b"a") is None
        assert await following == b"a"

    with_body(main)
