"""Bodies that a program takes piece by piece."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest
from tests.support.scripted_http import run, serving, turns

from whirlwind import gen
from whirlwind._http.client.program_calls import CallbackError
from whirlwind._http.client.streamed_body import StreamedBody


class Taker:
    """A callback, and a record of what happened."""

    def __init__(self) -> None:
        self.seen: list[object] = []
        self.waiting: list[asyncio.Future[None]] = []
        self.body = StreamedBody(
            self.take,
            paused=lambda: self.seen.append("paused"),
            resumed=lambda: self.seen.append("resumed"),
            failed=lambda error: self.seen.append(repr(error)),
        )

    def take(self, piece: bytes) -> asyncio.Future[None] | None:
        self.seen.append(piece)
        if piece == b"bad":
            raise CallbackError from ValueError("bad")
        if piece.islower():
            return None
        self.waiting.append(asyncio.get_running_loop().create_future())
        return self.waiting[-1]


def test_pieces_wait_for_the_one_before_and_keep_their_order() -> None:
    async def main() -> None:
        taker = Taker()
        for piece in (b"a", b"B", b"c", b"D", b"e"):
            taker.body.feed(piece)
        assert taker.seen == [b"a", b"B", "paused"]
        taker.waiting[0].set_result(None)
        await turns(1)
        assert taker.seen == [b"a", b"B", "paused", b"c", b"D"]
        assert taker.body.busy
        taker.waiting[1].set_result(None)
        await turns(1)
        assert taker.seen[5:] == [b"e", "resumed"]
        assert not taker.body.busy

    run(main())


@pytest.mark.parametrize("how", ["error", "cancelled", "held"])
def test_a_callback_that_fails_later_gets_no_more(how: str) -> None:
    async def main() -> None:
        taker = Taker()
        for piece in (b"A", b"bad", b"c"):
            taker.body.feed(piece)
        if how == "error":
            taker.waiting[0].set_exception(ValueError("bad"))
        elif how == "cancelled":
            taker.waiting[0].cancel()
        else:
            taker.waiting[0].set_result(None)
        await turns(1)
        expected = "CancelledError()" if how == "cancelled" else "ValueError('bad')"
        assert taker.seen[-1] == expected
        assert b"c" not in taker.seen
        with pytest.raises(CallbackError):
            Taker().body.feed(b"bad")

    run(main())


@pytest.mark.parametrize("compressed", [False, True])
def test_a_callback_may_cancel_its_own_fetch(compressed: bool) -> None:
    plain = bytes(500_000)
    wire = gzip.compress(plain) if compressed else plain
    coding = b"Content-Encoding: gzip\r\n" if compressed else b""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%b\r\n" % (len(wire), coding)

    async def main() -> None:
        async with serving(head + wire) as (server, client):
            fetches: list[asyncio.Future[Any]] = []
            pieces: list[bytes] = []

            def take(piece: bytes) -> None:
                pieces.append(piece)
                fetches[0].cancel()

            fetches.append(client.fetch(server.url, streaming_callback=take))
            with pytest.raises(asyncio.CancelledError):
                await fetches[0]
            await turns(3)
            assert len(pieces) == 1
            assert client.statistics().open == 0

    run(main())


@pytest.mark.parametrize("kind", ["native", "generator"])
def test_a_coroutine_that_takes_a_piece_ends_with_its_fetch(kind: str) -> None:
    ended: list[str] = []

    async def native(_: bytes) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("native")

    @gen.coroutine
    def generator(_: bytes) -> Any:
        try:
            yield asyncio.get_running_loop().create_future()
        finally:
            ended.append("generator")

    async def main() -> None:
        async with serving() as (server, client):
            taken = asyncio.Event()

            def take(piece: bytes) -> Any:
                taken.set()
                return native(piece) if kind == "native" else generator(piece)

            fetch = client.fetch(server.url, streaming_callback=take)
            await taken.wait()
            await turns(1)
            fetch.cancel()
            await turns(3)
            assert ended == [kind]

    run(main())
