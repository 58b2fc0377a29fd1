"""Requests that a program makes by hand, and what they had in Tornado 4 and 5."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.raw_http import run, serving
from tests.support.streams import pair

from whirlwind._base.limits import MAX_ARGUMENTS
from whirlwind._http.messages import HTTPConnection, HTTPServerRequest
from whirlwind._proto.http.errors import HTTPInputError

WIRE = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


def test_rule_5_a_query_of_too_many_arguments_makes_no_request() -> None:
    pairs = "&".join(f"a={number}" for number in range(MAX_ARGUMENTS))
    request = HTTPServerRequest(method="GET", uri=f"/?{pairs}")
    assert len(request.query_arguments["a"]) == MAX_ARGUMENTS
    with pytest.raises(HTTPInputError, match="Max number of fields exceeded"):
        HTTPServerRequest(method="GET", uri=f"/?{pairs}&")


@pytest.mark.parametrize("server", ["transports", "streams"])
def test_a_program_for_tornado_4_writes_its_whole_answer_to_the_request(server: str) -> None:
    called: list[bool] = []

    def answer(request: HTTPServerRequest) -> None:
        assert request.supports_http_1_1()
        request.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", lambda: called.append(True))
        request.write(b"hello")
        request.finish()
        assert request.request_time() >= 0

    async def main() -> None:
        async with serving(answer) as running:
            if server == "streams":
                running.server.stop()
                ours, theirs = pair()
                running.server.handle_stream(ours, ("192.0.2.1", 1))
                await theirs.write(WIRE + LAST)
                got = await theirs.read_until_close()
            else:
                got = await running.exchange(WIRE + LAST)
            assert got == b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" * 2
            await asyncio.sleep(0)

    run(main)
    assert called == [True, True]


def test_a_connection_of_a_programs_own_is_written_to_by_what_every_connection_has() -> None:
    class Kept(HTTPConnection):
        def __init__(self) -> None:
            self.written: list[object] = []

        def write(self, chunk: bytes) -> Any:
            self.written.append(chunk)

        def finish(self) -> None:
            self.written.append("finish")

    connection = Kept()
    request = HTTPServerRequest(method="GET", uri="/", connection=connection)
    assert not request.supports_http_1_1()
    request.write("text")
    request.finish()
    assert connection.written == [b"text", "finish"]
