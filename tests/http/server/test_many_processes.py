"""One server in several processes: forked, and sharing a port."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from tests.support.raw_http import echo, run

from whirlwind._http.server.httpserver import HTTPServer
from whirlwind._net.sockets import bind_sockets

FORKING = """
import os, signal, sys
from whirlwind.httpserver import HTTPServer
from whirlwind.httputil import HTTPHeaders, ResponseStartLine
from whirlwind.ioloop import IOLoop

def answer(request):
    body = str(os.getpid()).encode()
    request.connection.write_headers(
        ResponseStartLine("", 200, "OK"),
        HTTPHeaders({"Content-Length": str(len(body)), "Connection": "close"}),
        body,
    )
    request.connection.finish()

server = HTTPServer(answer)
server.bind(0, "127.0.0.1")
print(server._pending_sockets[0].getsockname()[1], flush=True)
print(os.getpid(), flush=True)
server.start(2)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
IOLoop.current().start()
"""


@pytest.fixture
def forking() -> Iterator[tuple[int, int]]:
    """The port and the first process of a server that has forked two."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", FORKING],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline()), int(process.stdout.readline())
    finally:
        os.killpg(process.pid, 9)
        process.wait()
        process.stdout.close()


def test_start_with_a_number_answers_in_that_many_children(forking: tuple[int, int]) -> None:
    port, parent = forking

    async def answering() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        answer = await reader.read()
        writer.close()
        return int(answer.partition(b"\r\n\r\n")[2])

    async def main() -> None:
        seen: set[int] = set()
        while len(seen) < 2:  # who gets a connection is the kernel's choice
            seen.add(await answering())
        assert parent not in seen

    run(main)


def test_two_servers_share_a_port_that_both_ask_to_share() -> None:
    async def main() -> None:
        first, second = HTTPServer(echo), HTTPServer(echo)
        [listening] = bind_sockets(0, "127.0.0.1", socket.AF_INET, reuse_port=True)
        port = listening.getsockname()[1]
        first.add_socket(listening)
        second.listen(port, "127.0.0.1", reuse_port=True)
        first.stop()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"GET /a |")
        writer.close()
        second.stop()
        for server in (first, second):
            await server.close_all_connections()

    run(main)
