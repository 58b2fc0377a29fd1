"""A connection that is being opened: who wanted it is told once, or not at all."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.support.scripted_http import run, serving, turns, until

from whirlwind._http.client.connection import HTTPClientConnection
from whirlwind._http.client.opening import Opening
from whirlwind._http.client.settings import Settings


class Opener:
    """Who wants the connection: remembers what it was told."""

    def __init__(self) -> None:
        self.opened: list[HTTPClientConnection] = []
        self.failed: list[BaseException] = []
        self.raises: Exception | None = None

    def connection_opened(self, connection: HTTPClientConnection) -> None:
        self.opened.append(connection)
        if self.raises is not None:
            raise self.raises

    def fail(self, error: BaseException) -> None:
        self.failed.append(error)


def begin(client: Any, url: str, opener: Opener) -> Opening:
    shared = client._shared
    prepared = shared.requests.prepare(
        url, "GET", None, None, Settings({}), has_producer=False, is_http=True
    )
    return Opening(shared, prepared, opener)


def test_who_wants_a_connection_gets_it() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            opener = Opener()
            opening = begin(client, server.url, opener)
            await until(lambda: bool(opener.opened))
            assert opener.opened[0].usable
            assert 0 < opening.progress.resolved <= opening.progress.connected
            opening.cancel()  # too late: it is the opener's
            await turns(3)
            assert opener.opened[0].usable
            assert opener.failed == []

    run(main())


def test_an_error_of_connecting_or_of_the_opener_is_told() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            opener = Opener()
            begin(client, "http://127.0.0.1:1/", opener)
            await until(lambda: bool(opener.failed))
            assert isinstance(opener.failed[0], OSError)
            opener = Opener()
            opener.raises = ValueError("no")
            begin(client, server.url, opener)
            await until(lambda: bool(opener.failed))
            assert opener.failed == [opener.raises]

    run(main())


def test_who_cancels_hears_nothing_and_nothing_stays_open() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            for after in range(8):
                opener = Opener()
                opening = begin(client, server.url, opener)
                for _ in range(after):
                    await asyncio.sleep(0)
                opening.cancel()
                await turns(5)
                assert opener.failed == []
                for connection in opener.opened:
                    connection.abort()
            await until(lambda: client.statistics().open == 0)

    run(main())
