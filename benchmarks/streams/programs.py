"""The measured side: ``python programs.py LIBRARY LOOP CASE`` serves one case and ends.

It prints the port, and when the last connection has ended the microseconds of CPU that it has
taken since the first began, and the most memory that it has had, in KiB. The programs are the same
but for the names that each library has.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from benchmarks.streams.cases import CASES, LINES_AT_ONCE, Case

HERE = Path(__file__).resolve().parent
PIECE = bytes(65_536)


class Meter:
    """Counts connections and reads the process's clock."""

    def __init__(self, connections: int) -> None:
        self._begun = 0.0
        self._left = connections
        self.seconds = 0.0
        self.over = asyncio.Event()

    @staticmethod
    def _used() -> float:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    def begin(self) -> None:
        self._begun = self._begun or self._used()

    def end(self) -> None:
        self._left -= 1
        if not self._left:
            self.seconds = self._used() - self._begun
            self.over.set()


async def with_iostream(stream: Any, case: Case, into: bytearray) -> None:
    """What a connection does, on the streams of whirlwind and Tornado."""
    size = case.size
    count = case.count // case.connections
    stream.set_nodelay(True)
    if case.kind == "echo":
        for _ in range(count):
            await stream.write(await stream.read_bytes(size))
    elif case.kind == "echo lines":
        for _ in range(count):
            await stream.write(await stream.read_until(b"\n"))
    elif case.kind == "lines":
        for _ in range(count // LINES_AT_ONCE):
            for _ in range(LINES_AT_ONCE):
                await stream.read_until(b"\n")
            await stream.write(b".")
    elif case.kind == "send":
        for _ in range(count):
            await stream.write(PIECE)
    else:
        if case.kind == "frames":
            for _ in range(count):
                await stream.read_bytes(size)
        elif case.kind == "frames into":
            for _ in range(count):
                await stream.read_into(into)
        else:
            left = size * count
            while left:
                left -= len(await stream.read_bytes(min(left, 65_536), partial=True))
        await stream.write(b".")


async def with_asyncio(reader: Any, writer: Any, case: Case) -> None:
    """The same on asyncio's."""
    size = case.size
    count = case.count // case.connections
    if case.kind == "echo":
        for _ in range(count):
            writer.write(await reader.readexactly(size))
            await writer.drain()
    elif case.kind == "echo lines":
        for _ in range(count):
            writer.write(await reader.readuntil(b"\n"))
            await writer.drain()
    elif case.kind == "lines":
        for _ in range(count // LINES_AT_ONCE):
            for _ in range(LINES_AT_ONCE):
                await reader.readuntil(b"\n")
            writer.write(b".")
            await writer.drain()
    elif case.kind == "send":
        for _ in range(count):
            writer.write(PIECE)
            await writer.drain()
    else:
        if case.kind.startswith("frames"):
            for _ in range(count):
                await reader.readexactly(size)
        else:
            left = size * count
            while left:
                left -= len(await reader.read(min(left, 65_536)))
        writer.write(b".")
        await writer.drain()


class BareEcho(asyncio.Protocol):
    """What a loop and a kernel take by themselves: nobody waits, nothing is looked at."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def connection_made(self, transport: Any) -> None:
        self._meter.begin()
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._meter.end()


def context() -> Any:
    """A server's TLS, with a certificate of nobody."""
    import ssl

    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(
        HERE.parent.parent / "src" / "whirlwind" / "testing" / "test.crt",
        HERE.parent.parent / "src" / "whirlwind" / "testing" / "test.key",
    )
    return made


async def serve(library: str, case: Case) -> None:
    meter = Meter(case.connections)
    options = context() if case.tls else None
    if library == "asyncio":

        async def connected(reader: Any, writer: Any) -> None:
            meter.begin()
            await with_asyncio(reader, writer, case)
            meter.end()
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=options, backlog=128)
        port = server.sockets[0].getsockname()[1]
    elif library == "bare":
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: BareEcho(meter), "127.0.0.1", 0, ssl=options)
        port = server.sockets[0].getsockname()[1]
    else:
        if library == "whirlwind":
            from whirlwind.netutil import bind_sockets
            from whirlwind.tcpserver import TCPServer
        else:
            from tornado.netutil import bind_sockets  # type: ignore[no-redef]
            from tornado.tcpserver import TCPServer  # type: ignore[no-redef]
        into = bytearray(case.size if case.kind == "frames into" else 0)

        class Server(TCPServer):
            async def handle_stream(self, stream: Any, address: Any) -> None:
                meter.begin()
                await with_iostream(stream, case, into)
                meter.end()
                stream.close()

        # A frame of 100 MB is within the limit of both, which is 100 MiB.
        listening = bind_sockets(0, "127.0.0.1")
        served = Server(ssl_options=options)
        served.add_sockets(listening)
        port = listening[0].getsockname()[1]
    print(port, flush=True)
    await meter.over.wait()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(meter.seconds * 1e6, memory, flush=True)


def main() -> None:
    library, loop, case = sys.argv[1:]
    if loop == "uvloop":
        import uvloop

        uvloop.run(serve(library, CASES[case]))
    else:
        asyncio.run(serve(library, CASES[case]))


if __name__ == "__main__":
    main()
