"""A future that is kept while something else is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import pytest
from tests.guide.conftest import Run, Serve
from tests.support.upstream import PARTS, Upstream

from whirlwind import gen
from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.web import RequestHandler


class ByYield(RequestHandler):
    """Sends one part while it fetches the next."""

    def initialize(self, upstream: Upstream, meeting: bool = False) -> None:
        self.upstream = upstream
        self.meeting = meeting
        self.number = 0

    @gen.coroutine
    def fetch_next_chunk(self) -> Generator[Any, Any, Any]:
        url = f"{self.upstream.url}/part/{self.number}"
        if self.meeting and self.number == 1:
            yield AsyncHTTPClient().fetch(f"{self.upstream.url}/meet/interleaved/2")
        self.number += 1
        response = yield AsyncHTTPClient().fetch(url)
        return response.body or None

    @gen.coroutine
    def get(self) -> Generator[Any, Any, None]:
        fetch_future = self.fetch_next_chunk()
        while True:
            chunk = yield fetch_future
            if chunk is None:
                break
            self.write(chunk)
            fetch_future = self.fetch_next_chunk()
            yield self.flush()


class ByAwait(ByYield):
    """The same with await."""

    async def get(self) -> None:  # type: ignore[override]
        fetch_future = self.fetch_next_chunk()
        while (chunk := await fetch_future) is not None:
            self.write(chunk)
            fetch_future = self.fetch_next_chunk()
            await self.flush()


@pytest.mark.parametrize("handler", [ByYield, ByAwait])
def test_all_parts_arrive_in_order(
    handler: type[ByYield], upstream: Upstream, serve: Serve, run: Run
) -> None:
    async def main() -> None:
        async with serve([("/", handler, {"upstream": upstream})]) as url:
            response = await AsyncHTTPClient().fetch(url)
            assert response.body.decode() == "".join(PARTS)
        assert upstream.seen == [f"/part/{number}" for number in range(len(PARTS) + 1)]

    run(main())


@pytest.mark.parametrize("handler", [ByYield, ByAwait])
def test_a_part_is_with_the_reader_while_the_next_is_being_fetched(
    handler: type[ByYield], upstream: Upstream, serve: Serve, run: Run
) -> None:
    # The second part is held back until its fetch and the reader of the first part meet: that
    # happens only if the first part goes out before the second has come in.
    async def main() -> None:
        first_part = asyncio.Event()
        received: list[bytes] = []

        def receive(chunk: bytes) -> None:
            received.append(chunk)
            first_part.set()

        async with serve([("/", handler, {"upstream": upstream, "meeting": True})]) as url:
            whole = AsyncHTTPClient().fetch(url, streaming_callback=receive)
            await first_part.wait()
            assert received == [PARTS[0].encode()]
            await AsyncHTTPClient().fetch(f"{upstream.url}/meet/interleaved/2")
            await whole
            assert b"".join(received).decode() == "".join(PARTS)

    run(main())
