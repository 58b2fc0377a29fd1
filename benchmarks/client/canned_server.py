"""A server with canned answers; prints its two ports, without and with TLS. Needs uvloop.

``python canned_server.py CERTIFICATE``: a file with the key and the chain. ``/`` is answered with
the same bytes each time, ``/varying`` with a head that differs each time.
"""

from __future__ import annotations

import asyncio
import ssl
import sys

import uvloop

BODY = b"Hello, world"
HEAD = (
    b"HTTP/1.1 200 OK\r\nServer: canned\r\nContent-Type: text/plain; charset=UTF-8\r\n"
    b"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: %d\r\n" % len(BODY)
)
ANSWER = HEAD + b"\r\n" + BODY
VARYING = HEAD + b'Etag: "%032x"\r\nX-Request-Id: %016x\r\n\r\n' + BODY


class Canned(asyncio.Protocol):
    """One connection."""

    count = 0
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        # The clients send heads in one piece, and one request at a time.
        if not data.endswith(b"\r\n\r\n"):
            return
        if data.startswith(b"GET /varying "):
            Canned.count += 1
            self.transport.write(VARYING % (Canned.count, Canned.count))
        else:
            self.transport.write(ANSWER)


async def main(certificate: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    plain = await loop.create_server(Canned, "127.0.0.1", 0, backlog=1024)
    secure = await loop.create_server(Canned, "127.0.0.1", 0, backlog=1024, ssl=context)
    print(*(server.sockets[0].getsockname()[1] for server in (plain, secure)), flush=True)
    await asyncio.gather(plain.serve_forever(), secure.serve_forever())


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
