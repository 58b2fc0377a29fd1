"""libcurl's transfers on the loop."""

from __future__ import annotations

import asyncio
from typing import Any

import pycurl
import pytest
from tests.support.scripted_http import HELLO, ScriptedServer, run, turns

from whirlwind._http.client.curl.transfers import Transfers
from whirlwind.ioloop import IOLoop


class Recorder:
    """A transfer that notes what it is told."""

    def __init__(self, transfers: Transfers) -> None:
        self.transfers = transfers
        self.over = asyncio.Event()
        self.told: list[Any] = []

    def piece(self, data: bytes) -> None:
        self.told.append(data)
        self.transfers.touched.append(self)

    def deliver(self) -> None:
        self.told.append("deliver")

    def ended(self, errno: int, message: str) -> None:
        self.told.append((errno, message))
        self.over.set()


def handle_for(url: str, recorder: Recorder) -> Any:
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.WRITEFUNCTION, recorder.piece)
    return handle


def test_what_came_is_delivered_before_the_end_is_told() -> None:
    async def main() -> None:
        server = ScriptedServer(HELLO)
        await server.start()
        transfers = Transfers(IOLoop.current())
        recorder = Recorder(transfers)
        transfers.add(handle_for(server.url, recorder), recorder)
        assert recorder.told == []  # nothing happens from inside of add()
        await recorder.over.wait()
        assert recorder.told == [b"hello", "deliver", (0, "")]
        transfers.close()
        await server.stop()

    run(main())


def test_a_failure_is_told_with_libcurls_number() -> None:
    async def main() -> None:
        server = ScriptedServer(None)
        await server.start()
        transfers = Transfers(IOLoop.current())
        recorder = Recorder(transfers)
        transfers.add(handle_for(server.url, recorder), recorder)
        await recorder.over.wait()
        ((errno, message),) = recorder.told
        assert errno == pycurl.E_GOT_NOTHING
        assert "Empty reply" in message
        transfers.close()
        await server.stop()

    run(main())


def test_removing_and_closing_end_connections_and_leave_nothing_in_the_loop() -> None:
    async def main() -> None:
        server = ScriptedServer(HELLO)
        server.hang = True
        await server.start()
        loop: Any = IOLoop.current()
        before = dict(loop.handlers)
        transfers = Transfers(loop)
        recorders = [Recorder(transfers) for _ in range(2)]
        handles = [handle_for(server.url, recorder) for recorder in recorders]
        for handle, recorder in zip(handles, recorders, strict=True):
            transfers.add(handle, recorder)
        await server.arrived.wait()
        assert len(loop.handlers) > len(before)
        transfers.remove(handles[0])
        transfers.remove(handles[0])
        await server.closed.wait()
        transfers.close()
        transfers.close()
        assert loop.handlers == before
        await turns(3)
        assert [recorder.told for recorder in recorders] == [[], []]
        await server.stop()

    run(main())


def test_a_handle_that_cannot_be_added_is_forgotten() -> None:
    async def main() -> None:
        transfers = Transfers(IOLoop.current())
        recorder = Recorder(transfers)
        handle = handle_for("http://127.0.0.1/", recorder)
        transfers.add(handle, recorder)
        with pytest.raises(pycurl.error):
            Transfers(IOLoop.current()).add(handle, recorder)
        transfers.close()

    run(main())
