"""A pattern under the record: its stream, and its end when nobody reads any more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from typing import Any

from examples.guide.pattern import Pattern, Services

from whirlwind import gen
from whirlwind.httpserver import HTTPServer
from whirlwind.netutil import bind_sockets
from whirlwind.web import Application


class Endless(Pattern):
    """Writes once and waits for ever; says when it was ended."""

    ended: asyncio.Future[str]

    @gen.coroutine
    def get(self) -> Generator[Any, Any, None]:
        self.write("first\n")
        try:
            yield self.flush()
            yield asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self.ended.set_result("cancelled")
            raise


def test_a_reader_that_goes_away_ends_the_pattern_at_its_yield() -> None:
    async def main() -> None:
        Endless.ended = asyncio.get_running_loop().create_future()
        services = Services(upstream="http://127.0.0.1:1", database=None)
        server = HTTPServer(Application([("/", Endless, {"services": services})]))
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        reader, writer = await asyncio.open_connection(*sockets[0].getsockname())
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        wire = b""
        # The second wait, the endless one, has begun.
        while wire.count(b'"waits"') < 2:
            wire += await reader.readuntil(b"}")
        lines = [line for line in wire.splitlines() if line.startswith(b"{")]
        kinds = [json.loads(line)["kind"] for line in lines]
        assert kinds == ["started", "output", "waits", "resumed", "waits"]
        writer.close()
        await writer.wait_closed()
        assert await Endless.ended == "cancelled"
        server.stop()
        await server.close_all_connections()

    asyncio.run(main())
