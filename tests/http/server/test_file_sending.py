"""Files by sendfile, over real sockets and both kinds of loop: bytes, pressure, broken ends."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.loops import FACTORIES
from tests.support.raw_http import RawClient, run, serving

from whirlwind._http.messages import HTTPServerRequest
from whirlwind._http.server.exchange import Exchange
from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import ResponseStartLine

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
SIZE = 6 << 20

each_loop = pytest.mark.parametrize("loop", FACTORIES)


@pytest.fixture
def data() -> bytes:
    return os.urandom(1 << 16) * (SIZE >> 16)


@pytest.fixture
def file(data: bytes, tmp_path: Path) -> Any:
    path = tmp_path / "file"
    path.write_bytes(data)
    with path.open("rb") as opened:
        yield opened.fileno()


class Calls:
    """Counts what really went through ``os.sendfile``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent = 0
        self.error: OSError | None = None
        self._real = os.sendfile
        monkeypatch.setattr(os, "sendfile", self._sendfile)

    def _sendfile(self, out: int, file: int, offset: int, count: int) -> int:
        if self.error is not None:
            raise self.error
        sent = self._real(out, file, offset, count)
        self.sent += sent
        return sent


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    return Calls(monkeypatch)


def begin(request: HTTPServerRequest, length: int = SIZE, **fields: str) -> Exchange:
    exchange: Exchange = request.connection
    headers = HTTPHeaders({"Content-Length": str(length), **fields})
    exchange.write_headers(ResponseStartLine("", 200, "OK"), headers)
    return exchange


def answering(send: Callable[[HTTPServerRequest], Any]) -> Callable[[HTTPServerRequest], None]:
    """A server's callback that runs a coroutine for each request."""
    tasks = set()

    def callback(request: HTTPServerRequest) -> None:
        task = asyncio.ensure_future(send(request))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    return callback


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@each_loop
def test_a_whole_file_and_parts_of_it_arrive_one_after_the_other(
    loop: str, file: int, data: bytes, calls: Calls
) -> None:
    async def send(request: HTTPServerRequest) -> None:
        exchange = begin(request)
        assert await exchange.send_file(file, 0, 1000) == 1000
        await exchange.write(data[1000:2000])
        assert await exchange.send_file(file, 2000, SIZE - 2000) == SIZE - 2000
        exchange.finish()

    async def main() -> None:
        async with serving(answering(send)) as running:
            client = await running.connect()
            before = open_descriptors()
            for _ in range(2):
                await client.send(GET)
                assert await client.answer() == (200, data)
            assert open_descriptors() == before

    run(main, FACTORIES[loop])
    assert calls.sent == 2 * (SIZE - 1000)


@each_loop
def test_what_was_written_before_goes_out_before(
    loop: str, file: int, data: bytes, calls: Calls
) -> None:
    early = b"e" * (3 << 20)  # more than a socket takes: the transport holds the rest

    async def send(request: HTTPServerRequest) -> None:
        exchange = begin(request, len(early) + SIZE)
        exchange.write(early)
        limits = exchange.server_connection.transport.get_write_buffer_limits()  # type: ignore[union-attr]
        await exchange.send_file(file, 0, SIZE)
        transport = exchange.server_connection.transport
        assert transport is not None
        assert transport.get_write_buffer_limits() == limits
        exchange.finish()

    async def main() -> None:
        async with serving(answering(send)) as running:
            client = await running.connect()
            await client.send(GET)
            assert await client.answer() == (200, early + data)

    run(main, FACTORIES[loop])
    assert calls.sent == SIZE


@each_loop
def test_a_client_that_has_closed_its_sending_side_gets_the_whole_file(
    loop: str, file: int, data: bytes
) -> None:
    async def send(request: HTTPServerRequest) -> None:
        exchange = begin(request)
        await exchange.send_file(file, 0, SIZE)
        exchange.finish()

    async def main() -> None:
        async with serving(answering(send)) as running:
            assert (await running.exchange(GET)).endswith(data)

    run(main, FACTORIES[loop])


@each_loop
def test_a_slow_reader_takes_no_memory_and_keeps_nobody_waiting(
    loop: str, file: int, data: bytes, calls: Calls
) -> None:
    async def send(request: HTTPServerRequest) -> None:
        if request.path == "/quick":
            begin(request, 0).finish()
            return
        exchange = begin(request)
        stuck.append(exchange)
        await exchange.send_file(file, 0, SIZE)
        exchange.finish()

    stuck: list[Exchange] = []

    async def main() -> None:
        async with serving(answering(send)) as running:
            slow = socket.socket()
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.setblocking(False)
            own = asyncio.get_running_loop()
            await own.sock_connect(slow, ("127.0.0.1", running.port))
            await own.sock_sendall(slow, GET)
            quick = await running.connect()
            for _ in range(20):
                await quick.send(GET.replace(b"/", b"/quick", 1))
                assert await quick.answer() == (200, b"")
            transport = stuck[0].server_connection.transport
            assert transport is not None
            assert transport.get_write_buffer_size() == 0
            assert calls.sent < SIZE
            reader, writer = await asyncio.open_connection(sock=slow)
            assert await RawClient(reader, writer).answer() == (200, data)
            writer.close()

    run(main, FACTORIES[loop])
    assert calls.sent == SIZE


@each_loop
def test_a_client_that_goes_away_ends_the_sending_and_leaves_no_descriptor(
    loop: str, file: int
) -> None:
    ended: list[type[BaseException]] = []

    async def main() -> None:
        over = asyncio.Event()

        async def send(request: HTTPServerRequest) -> None:
            exchange = begin(request)
            try:
                await exchange.send_file(file, 0, SIZE)
            except StreamClosedError as error:
                ended.append(type(error))
            exchange.finish()  # raises nothing: the missing bytes are nobody's fault
            over.set()

        async with serving(answering(send)) as running:
            before = open_descriptors()
            client = await running.connect(limit=1000)
            await client.send(GET)
            await client.head()
            client.writer.transport.abort()
            await over.wait()
        assert open_descriptors() <= before

    run(main, FACTORIES[loop])
    assert ended == [StreamClosedError]


@each_loop
def test_cancelling_ends_the_sending_and_the_connection(loop: str, file: int) -> None:
    async def main() -> None:
        begun: asyncio.Future[asyncio.Task[None]] = asyncio.get_running_loop().create_future()
        errors: list[str] = []

        async def send(request: HTTPServerRequest) -> None:
            exchange = begin(request)
            begun.set_result(asyncio.current_task())  # type: ignore[arg-type]
            try:
                await exchange.send_file(file, 0, SIZE)
            finally:
                try:
                    exchange.finish()
                except Exception as error:
                    errors.append(str(error))

        async with serving(answering(send)) as running:
            before = open_descriptors()
            client = await running.connect(limit=1000)
            await client.send(GET)
            await client.head()
            task = await begun
            task.cancel()
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await client.reader.readexactly(SIZE)
            assert task.cancelled()
            client.close()
        assert open_descriptors() <= before
        assert "bytes less than Content-Length" in errors[0]

    run(main, FACTORIES[loop])


def test_a_file_that_became_shorter_says_how_much_was_sent(tmp_path: Path, calls: Calls) -> None:
    path = tmp_path / "short"
    path.write_bytes(b"x" * 10)

    async def send(request: HTTPServerRequest) -> None:
        exchange = begin(request, 20)
        with path.open("rb") as opened:
            sent.append(await exchange.send_file(opened.fileno(), 0, 20))
        await exchange.write(b"y" * 10)
        exchange.finish()

    sent: list[int] = []

    async def main() -> None:
        async with serving(answering(send)) as running:
            client = await running.connect()
            await client.send(GET)
            assert await client.answer() == (200, b"x" * 10 + b"y" * 10)

    run(main)
    assert sent == [10]


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS])
def test_a_file_system_without_sendfile_is_said_so(file: int, calls: Calls, code: int) -> None:
    calls.error = OSError(code, os.strerror(code))

    async def send(request: HTTPServerRequest) -> None:
        exchange = begin(request, 3)
        sent.append(await exchange.send_file(file, 0, 3))
        await exchange.write(b"abc")
        exchange.finish()

    sent: list[int] = []

    async def main() -> None:
        async with serving(answering(send)) as running:
            client = await running.connect()
            await client.send(GET)
            assert await client.answer() == (200, b"abc")

    run(main)
    assert sent == [0]


@pytest.mark.parametrize(
    ("wire", "fields", "count"),
    [
        pytest.param(GET.replace(b"GET", b"HEAD"), {}, 3, id="HEAD"),
        pytest.param(GET, {"Transfer-Encoding": "chunked"}, 3, id="chunked"),
        pytest.param(GET, {}, 4, id="more than announced"),
    ],
)
def test_nothing_is_sent_past_the_framing(
    file: int, calls: Calls, wire: bytes, fields: dict[str, str], count: int
) -> None:
    async def send(request: HTTPServerRequest) -> None:
        exchange: Exchange = request.connection
        headers = HTTPHeaders(fields or {"Content-Length": "3"})
        exchange.write_headers(ResponseStartLine("", 200, "OK"), headers)
        sent.append(await exchange.send_file(file, 0, count))
        exchange.write(b"abc")
        exchange.finish()

    sent: list[int] = []

    async def main() -> None:
        async with serving(answering(send)) as running:
            await running.exchange(wire)

    run(main)
    assert (sent, calls.sent) == ([0], 0)


@each_loop
def test_breaking_the_answer_off_ends_the_sending(loop: str, file: int) -> None:
    ended: list[type[BaseException]] = []

    async def main() -> None:
        async def send(request: HTTPServerRequest) -> None:
            exchange = begin(request)
            sending = exchange.send_file(file, 0, SIZE)
            exchange.break_off()
            try:
                await sending
            except StreamClosedError as error:
                ended.append(type(error))

        async with serving(answering(send)) as running:
            before = open_descriptors()
            client = await running.connect(limit=1000)
            await client.send(GET)
            await client.head()
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await client.reader.readexactly(SIZE)
            client.close()
        assert open_descriptors() <= before

    run(main, FACTORIES[loop])
    assert ended == [StreamClosedError]
