"""Bodies that are decompressed step by step, from the wire to the program."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import brotli
import pytest
import zstandard
from tests.conftest import LogWatch
from tests.support.scripted_http import run, serving, until

from whirlwind._base.limits import BODY_CHUNK_SIZE, INFLATED_AT_ONCE
from whirlwind._http.client.decoded_body import DecodedBody, decoder_of
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind.simple_httpclient import HTTPStreamClosedError

TEXT = bytes(range(256)) * 40
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}
coding = pytest.mark.parametrize("coding", CODINGS)


def reply(coding: str, data: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


@coding
def test_each_coding_is_undone_wherever_it_is_cut(coding: str) -> None:
    async def main() -> None:
        wire = reply(coding, CODINGS[coding](TEXT))
        async with serving(wire) as (server, client):
            response = await client.fetch(server.url)
            assert response.body == TEXT
            assert response.headers["X-Consumed-Content-Encoding"] == coding
            assert "Content-Encoding" not in response.headers
            server.replies = [[wire[at : at + 7] for at in range(0, len(wire), 7)]]
            assert (await client.fetch(server.url)).body == TEXT
            plain = await client.fetch(server.url, decompress_response=False)
            assert plain.body == CODINGS[coding](TEXT)
            assert plain.headers["Content-Encoding"] == coding

    run(main())


@coding
def test_6_5_6_rule_5_a_bomb_ends_at_the_limit_and_one_byte_over(coding: str) -> None:
    async def main() -> None:
        size = 3_000_000
        wire = reply(coding, CODINGS[coding](bytes(size)))
        async with serving(wire, max_body_size=size) as (server, client):
            assert (await client.fetch(server.url)).body == bytes(size)
        async with serving(wire, max_body_size=size - 1) as (server, client):
            taken: list[int] = []
            with pytest.raises(HTTPStreamClosedError, match="max_body_size"):
                await client.fetch(
                    server.url, streaming_callback=lambda piece: taken.append(len(piece))
                )
            assert sum(taken) < size

    run(main())


@coding
def test_rule_7_a_body_that_is_cut_off_is_an_error(coding: str) -> None:
    async def main() -> None:
        async with serving(reply(coding, CODINGS[coding](TEXT)[:-3])) as (server, client):
            with pytest.raises(HTTPStreamClosedError, match="Connection closed: invalid"):
                await client.fetch(server.url)

    run(main())


def test_rule_6_the_loop_turns_while_a_bomb_is_decompressed() -> None:
    async def main() -> None:
        size = 40 * INFLATED_AT_ONCE
        async with serving(reply("gzip", gzip.compress(bytes(size)))) as (server, client):
            loop = asyncio.get_running_loop()
            seen: list[int] = []
            taken = [0]

            def look() -> None:
                seen.append(taken[0])
                if taken[0] < size:
                    loop.call_soon(look)

            def take(piece: bytes) -> None:
                taken[0] += len(piece)

            loop.call_soon(look)
            await client.fetch(server.url, streaming_callback=take)
            assert taken[0] == size
            steps = [after - before for before, after in pairwise(seen)]
            assert max(steps) <= INFLATED_AT_ONCE + BODY_CHUNK_SIZE
            # The connection was read to its end and serves for the next request.
            await client.fetch(server.url, streaming_callback=take)
            assert server.connections == 1

    run(main())


def test_nothing_is_decompressed_while_the_program_is_busy() -> None:
    async def main() -> None:
        size = 20 * INFLATED_AT_ONCE
        async with serving(reply("gzip", gzip.compress(bytes(size)))) as (server, client):
            taken = [0]
            gate = asyncio.Event()

            async def take(piece: bytes) -> None:
                taken[0] += len(piece)
                await gate.wait()

            future = client.fetch(server.url, streaming_callback=take)
            await until(lambda: taken[0] > 0)
            for _ in range(100):
                await asyncio.sleep(0)
            assert taken[0] <= BODY_CHUNK_SIZE
            gate.set()
            assert (await future).body == b""
            assert taken[0] == size

    run(main())


@pytest.mark.parametrize("how", ["cancelled", "failed"])
def test_a_fetch_that_ends_in_the_middle_decompresses_no_more(how: str, logs: LogWatch) -> None:
    async def main() -> None:
        size = 40 * INFLATED_AT_ONCE
        async with serving(reply("gzip", gzip.compress(bytes(size)))) as (server, client):
            taken = [0]

            def take(piece: bytes) -> None:
                taken[0] += len(piece)
                if taken[0] > 2 * INFLATED_AT_ONCE:
                    if how == "failed":
                        raise RuntimeError("enough")
                    future.cancel()

            future = client.fetch(server.url, streaming_callback=take)
            if how == "cancelled":
                with pytest.raises(asyncio.CancelledError):
                    await future
            else:
                with (
                    logs.expect("whirlwind.application", "callback of a fetch"),
                    pytest.raises(HTTPStreamClosedError, match="enough"),
                ):
                    await future
            for _ in range(100):
                await asyncio.sleep(0)
            assert taken[0] <= 2 * INFLATED_AT_ONCE + BODY_CHUNK_SIZE

    run(main())


class Receiver:
    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.ready = True

    def body_piece(self, piece: bytes) -> bool:
        self.heard.append(len(piece))
        return self.ready

    def decoding_paused(self) -> None:
        self.heard.append("paused")

    def decoding_resumed(self) -> None:
        self.heard.append("resumed")

    def decoding_complete(self) -> None:
        self.heard.append("complete")

    def decoding_failed(self, error: BaseException) -> None:
        self.heard.append(error)


def test_what_a_receiver_hears_in_which_order() -> None:
    async def main() -> None:
        receiver = Receiver()
        decoder = decoder_of("gzip", 10 * BODY_CHUNK_SIZE)
        assert decoder is not None
        body = DecodedBody(asyncio.get_running_loop(), decoder, receiver)
        receiver.ready = False
        data = gzip.compress(bytes(2 * BODY_CHUNK_SIZE))
        body.feed(data[:-4])
        body.feed(data[-4:])
        assert not body.finish()
        assert receiver.heard == [BODY_CHUNK_SIZE, "paused"]
        receiver.ready = True
        body.go_on()
        body.go_on()
        assert receiver.heard[2:] == [BODY_CHUNK_SIZE, "complete"]
        assert decoder_of("compress", 1) is None

        receiver = Receiver()
        receiver.ready = False
        body = DecodedBody(asyncio.get_running_loop(), decoder_of("gzip", 99) or decoder, receiver)
        body.feed(gzip.compress(b"x"))
        body.feed(b"no gzip")
        body.go_on()
        assert receiver.heard[:2] == [1, "paused"]
        assert isinstance(receiver.heard[2], HTTPInputError)
        body.stop()
        body.go_on()
        assert len(receiver.heard) == 3

    run(main())
