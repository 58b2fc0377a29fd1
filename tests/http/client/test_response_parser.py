"""The parser of responses: where bytes are cut does not matter, and no turn of the loop is long."""

from __future__ import annotations

import asyncio

import pytest
from tests.http.client.test_response_head import Heard
from tests.support.scripted_http import run, serving

from whirlwind._base.limits import CHUNKS_AT_ONCE
from whirlwind._http.client.response_parser import ResponseParser
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind.simple_httpclient import HTTPStreamClosedError

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TINY = b"1\r\na\r\n"
END = b"0\r\n\r\n"


def parsed(*wire: bytes) -> tuple[Heard, ResponseParser, int]:
    """Feed bytes as they come; the last number is how often there was more to parse."""
    heard, turns = Heard(), 0
    parser = ResponseParser(1000)
    parser.receiver = heard
    heard.max_body_size = 10**9
    for data in wire:
        parser.feed(data)
        while parser.behind:
            turns += 1
            before = len(heard.pieces)
            parser.go_on()
            assert len(heard.pieces) - before < 10 * CHUNKS_AT_ONCE
    return heard, parser, turns


def test_where_the_bytes_are_cut_does_not_matter() -> None:
    wire = HEAD + b"4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\nA: b\r\n\r\n"
    for cut in range(1, len(wire)):
        heard, parser, _ = parsed(wire[:cut], wire[cut:])
        assert b"".join(heard.pieces) == b"Wikipedia", cut
        assert (parser.complete, parser.leftover, parser.keep_alive) == (True, False, True)


def test_rule_5_many_chunks_in_one_read_are_parsed_in_many_turns() -> None:
    count = 20_000
    heard, parser, turns = parsed(HEAD + TINY * count + END)
    assert (len(heard.pieces), parser.complete) == (count, True)
    assert turns >= 5
    # One chunk is one piece, however long: no turn is needed for it.
    heard, parser, turns = parsed(HEAD + b"30d40\r\n" + b"a" * 200_000 + b"\r\n" + END)
    assert (sum(map(len, heard.pieces)), parser.complete, turns) == (200_000, True, 0)


@pytest.mark.parametrize("behind", [b"", b"x", b"x" * 40_000], ids=["nothing", "one", "many"])
def test_rule_7_bytes_behind_the_end_are_seen_wherever_the_slices_end(behind: bytes) -> None:
    _, parser, _ = parsed(HEAD + TINY * 5000 + END + behind)
    assert (parser.complete, parser.leftover) == (True, bool(behind))


def test_an_error_in_a_later_slice_is_an_error() -> None:
    with pytest.raises(HTTPInputError):
        parsed(HEAD + TINY * 5000 + b"x" + TINY * 5000)


def test_a_large_header_is_no_chunked_body() -> None:
    fields = b"".join([b"A%d: %s\r\n" % (number, b"a" * 300) for number in range(90)])
    heard = Heard()
    parser = ResponseParser(40_000)
    parser.receiver = heard
    parser.feed(b"HTTP/1.1 200 OK\r\n" + fields + b"Content-Length: 2\r\n\r\nab")
    assert (len(heard.head[3]), heard.pieces, parser.complete) == (91, [b"ab"], True)


def test_a_length_said_twice_behind_a_long_header_is_mended() -> None:
    fields = b"".join([b"A%d: %s\r\n" % (number, b"a" * 300) for number in range(80)])
    heard = Heard()
    parser = ResponseParser(40_000)
    parser.receiver = heard
    parser.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n" + fields + b"\r\nab")
    assert (heard.pieces, parser.complete, parser.leftover) == ([b"ab"], True, False)


def test_rule_5_other_coroutines_run_while_many_chunks_are_decoded() -> None:
    async def main() -> None:
        count = 100_000
        async with serving(HEAD + TINY * count + END) as (server, client):
            turns = pieces = most = 0

            def take(piece: bytes) -> None:
                nonlocal pieces
                pieces += 1

            fetch = client.fetch(server.url, streaming_callback=take)
            before = 0
            while not fetch.done():
                await asyncio.sleep(0)
                most, before = max(most, pieces - before), pieces
                turns += 1
            assert (await fetch).code == 200
            assert pieces == count
            assert most < 10 * CHUNKS_AT_ONCE
            # The connection is as good as before.
            server.replies = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"]
            assert (await client.fetch(server.url)).body == b"ab"
            assert server.connections == 1

    run(main())


def test_back_pressure_holds_while_there_is_more_to_parse() -> None:
    async def main() -> None:
        count = 10_000
        async with serving(HEAD + TINY * count + END) as (server, client):
            pieces = 0
            gate = asyncio.Event()

            async def take(piece: bytes) -> None:
                nonlocal pieces
                pieces += 1
                if pieces == 3:
                    await gate.wait()

            fetch = client.fetch(server.url, streaming_callback=take)
            for _ in range(200):
                await asyncio.sleep(0)
            assert pieces <= 3
            gate.set()
            await fetch
            assert pieces == count

    run(main())


def test_what_came_before_the_connection_ended_is_part_of_the_response() -> None:
    async def main() -> None:
        count = 20_000
        async with serving(HEAD + TINY * count + END, close=True) as (server, client):
            assert len((await client.fetch(server.url)).body) == count
        async with serving(HEAD + TINY * count, close=True) as (server, client):
            with pytest.raises(HTTPStreamClosedError, match="in the middle"):
                await client.fetch(server.url)

    run(main())


def test_cancelling_ends_the_parsing() -> None:
    async def main() -> None:
        async with serving(HEAD + TINY * 20_000 + END) as (server, client):
            pieces = 0

            def take(piece: bytes) -> None:
                nonlocal pieces
                pieces += 1
                if pieces == 10:
                    fetch.cancel()

            fetch = client.fetch(server.url, streaming_callback=take)
            with pytest.raises(asyncio.CancelledError):
                await fetch
            for _ in range(20):
                await asyncio.sleep(0)
            assert pieces == 10
            assert client.statistics().open == 0

    run(main())
