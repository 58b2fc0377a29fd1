"""A server that answers every request with the same bytes; prints its port. Needs uvloop."""

from __future__ import annotations

import asyncio

import uvloop

BODY = b"Hello, world"
ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: canned\r\nContent-Type: text/plain; charset=UTF-8\r\n"
    b"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
)


class Canned(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        # The clients send heads in one piece, and one request at a time.
        if data.endswith(b"\r\n\r\n"):
            self.transport.write(ANSWER)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
