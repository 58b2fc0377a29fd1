"""Clients that nobody closes, on loops that end."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest
from tests.support.scripted_http import LoopFactory, ScriptedServer, run, serving, until
from tests.support.threaded_server import ThreadedServer

from whirlwind._http.client.loop_end import LoopEnd
from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.simple_httpclient import HTTPStreamClosedError, SimpleAsyncHTTPClient
from whirlwind.web import Application, RequestHandler


class Hello(RequestHandler):
    def get(self) -> None:
        self.write("hello")


class Owner:
    def __init__(self) -> None:
        self.ended = 0

    def end(self) -> None:
        self.ended += 1


def test_the_end_of_the_loop_is_told_once() -> None:
    owner = Owner()
    kept: list[LoopEnd] = []

    async def main() -> None:
        kept.append(LoopEnd(owner.end))
        await asyncio.sleep(0)
        assert owner.ended == 0

    run(main())
    assert owner.ended == 1
    kept[0].forget()
    assert owner.ended == 1


def test_nobody_is_told_who_does_not_want_it_or_has_gone() -> None:
    owner = Owner()
    kept: list[LoopEnd] = []

    async def main() -> None:
        end = LoopEnd(owner.end)
        end.forget()
        end.forget()
        dropped = LoopEnd(owner.end)
        del dropped
        other = Owner()
        kept.append(LoopEnd(other.end))
        gone = weakref.ref(other)
        del other
        gc.collect()
        assert gone() is None

    run(main())
    assert owner.ended == 0


@pytest.mark.parametrize("own", [False, True], ids=["the loop's client", "a client of its own"])
def test_connections_of_a_client_that_nobody_closed_end_with_the_loop(own: bool) -> None:
    clients: list[SimpleAsyncHTTPClient] = []

    async def main() -> None:
        server = ScriptedServer()
        await server.start()
        client: SimpleAsyncHTTPClient = AsyncHTTPClient(force_instance=own)
        clients.append(client)
        await client.fetch(server.url)
        assert client.statistics().idle == 1
        assert server._server is not None
        server._server.close()

    run(main())
    client = clients.pop()
    assert client.statistics().open == 0
    assert client.io_loop not in AsyncHTTPClient._async_clients()
    with pytest.raises(RuntimeError, match="closed"):
        client.fetch("http://127.0.0.1/")
    del client
    gc.collect()  # a transport that is open still would warn now


def test_a_loop_that_is_only_closed_takes_the_connections_along(loop_kind: LoopFactory) -> None:
    async def fetch(url: str, own: bool) -> SimpleAsyncHTTPClient:
        client: SimpleAsyncHTTPClient = AsyncHTTPClient(force_instance=own)
        await client.fetch(url)
        assert client.statistics().idle == 1
        return client

    quiet: dict[str, Any] = {"log_function": lambda handler: None}
    with ThreadedServer(Application(default_handler_class=Hello, **quiet)) as server:
        loop = loop_kind()
        clients = [loop.run_until_complete(fetch(server.url, own)) for own in (False, True)]
        loop.close()  # and no shutdown_asyncgens()
        assert loop.is_closed()
        assert [client.statistics().open for client in clients] == [0, 0]
        assert clients[0].io_loop not in AsyncHTTPClient._async_clients()
        clients.clear()
        gc.collect()  # a transport that is open still would warn now
    loop.close()


def test_a_loop_that_runs_is_not_closed_and_ends_its_clients_later() -> None:
    owner = Owner()
    kept: list[LoopEnd] = []

    async def main() -> None:
        kept.append(LoopEnd(owner.end))
        with pytest.raises(RuntimeError, match="running"):
            asyncio.get_running_loop().close()
        assert owner.ended == 0

    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop.close()
    assert (owner.ended, loop.is_closed()) == (1, True)
    assert "close" not in vars(loop)


def test_a_close_that_a_program_put_there_is_called() -> None:
    owner = Owner()
    kept: list[LoopEnd] = []
    called: list[int] = []
    loop = asyncio.new_event_loop()

    def close() -> None:
        called.append(owner.ended)
        original()

    loop.close, original = close, loop.close  # type: ignore[method-assign]

    async def main() -> None:
        kept.append(LoopEnd(owner.end))
        kept.append(LoopEnd(owner.end))

    loop.run_until_complete(main())
    loop.close()
    assert called == [2]


def test_a_loop_is_closed_inside_of_another_although_its_clients_cannot_be_told() -> None:
    owner = Owner()
    kept: list[LoopEnd] = []
    loop = asyncio.new_event_loop()

    async def main() -> None:
        kept.append(LoopEnd(owner.end))

    async def other() -> None:
        loop.close()

    loop.run_until_complete(main())
    run(other())
    assert (loop.is_closed(), owner.ended) == (True, 0)
    kept[0].forget()


def test_a_fetch_that_the_loop_ends_under_is_told_so() -> None:
    fetches: list[asyncio.Future[object]] = []

    async def main() -> None:
        async with serving() as (server, _):
            server.hang = True
            client: SimpleAsyncHTTPClient = AsyncHTTPClient(force_instance=True)
            fetches.append(client.fetch(server.url))  # type: ignore[arg-type]
            await server.arrived.wait()

    run(main())
    assert isinstance(fetches[0].exception(), HTTPStreamClosedError)


def test_a_client_that_was_dropped_leaves_nothing_behind(loop_kind: LoopFactory) -> None:
    loop = loop_kind()

    async def main() -> None:
        async with serving() as (server, _):
            client: SimpleAsyncHTTPClient = AsyncHTTPClient(force_instance=True)
            await client.fetch(server.url)
            await server.stop()
            await until(lambda: client.statistics().open == 0)

    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(main())
        gc.collect()
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    gc.collect()
