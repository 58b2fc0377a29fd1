"""A server that was stopped, its connections closed, and that listens again."""

from __future__ import annotations

import asyncio

from tests.support.raw_http import echo, run

from whirlwind._http.server.httpserver import HTTPServer


def test_a_server_that_was_stopped_serves_when_it_listens_again() -> None:
    async def main() -> None:
        server = HTTPServer(echo)
        for _ in range(3):
            server.listen(0, "127.0.0.1")
            [listening] = server._sockets.values()
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            writer.write(b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert (await reader.read()).endswith(b"GET /a |")
            writer.close()
            server.stop()
            await server.close_all_connections()
            assert listening.fileno() < 0

    run(main)
