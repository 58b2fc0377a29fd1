"""An HTTP service for programs under test to call: whirlwind's own server, in its own thread.

In a thread, so that a blocking function can call it as well.

Paths:

- ``/page/NAME``: a page with the title NAME;
- ``/meet/KEY/N``: answers when N requests for KEY are there, and not before: requests that come
  one after another never get an answer, requests in parallel do;
- ``/part/I``: the I-th part of a text, from 0; empty after the last;
- ``/gate/KEY``: answers when ``open_gate(KEY)`` is called, or at once if it was.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator

import pytest

from whirlwind.httpserver import HTTPServer
from whirlwind.netutil import bind_sockets
from whirlwind.web import Application, RequestHandler

PARTS = ["one ", "two ", "three ", "four"]


class Upstream:
    """The running service; a context manager.

    Attributes:
        url: Address, without a slash at its end.
        seen: Paths of the requests that came, in order.
    """

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[str] = []
        self._meetings: dict[str, list[asyncio.Future[None]]] = defaultdict(list)
        self._gates: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> Upstream:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def open_gate(self, key: str) -> None:
        """Let ``/gate/KEY`` answer, from now on."""
        self._loop.call_soon_threadsafe(lambda: self._gates[key].set())

    async def meet(self, key: str, number: int) -> None:
        """Wait until ``number`` requests wait for ``key``."""
        arrival = asyncio.get_running_loop().create_future()
        meeting = self._meetings[key]
        meeting.append(arrival)
        if len(meeting) == number:
            for other in self._meetings.pop(key):
                other.set_result(None)
        await arrival

    async def gate(self, key: str) -> None:
        """Wait until the gate is open."""
        await self._gates[key].wait()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        server = HTTPServer(
            Application(
                [
                    (r"/page/(\w+)", _Page, {"upstream": self}),
                    (r"/meet/(\w+)/(\d+)", _Meeting, {"upstream": self}),
                    (r"/part/(\d+)", _Part, {"upstream": self}),
                    (r"/gate/(\w+)", _Gate, {"upstream": self}),
                ],
                log_function=lambda handler: None,
            )
        )
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        self.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._over.wait()
        server.stop()
        await server.close_all_connections()


class _Handler(RequestHandler):
    def initialize(self, upstream: Upstream) -> None:
        self.upstream = upstream
        upstream.seen.append(self.request.path)


class _Page(_Handler):
    def get(self, name: str) -> None:
        self.write(f"<title>{name}</title>")


class _Meeting(_Handler):
    async def get(self, key: str, number: str) -> None:
        await self.upstream.meet(key, int(number))
        self.write("met")


class _Part(_Handler):
    def get(self, number: str) -> None:
        self.write("".join(PARTS[int(number) : int(number) + 1]))


class _Gate(_Handler):
    async def get(self, key: str) -> None:
        await self.upstream.gate(key)
        self.write("open")


@pytest.fixture(scope="session")
def upstream_server() -> Iterator[Upstream]:
    """One service for all tests."""
    with Upstream() as service:
        yield service


@pytest.fixture
def upstream(upstream_server: Upstream) -> Upstream:
    """The service, with an empty record of requests."""
    upstream_server.seen.clear()
    return upstream_server
