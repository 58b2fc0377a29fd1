"""The interface of clients: one for each loop, callbacks, labels."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.scripted_http import HELLO, run, serving, turns, until

from whirlwind import gen
from whirlwind._engine.register import register, sink
from whirlwind.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from whirlwind.ioloop import IOLoop
from whirlwind.simple_httpclient import HTTPStreamClosedError, SimpleAsyncHTTPClient

MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"


# --- one client for each loop ---


def test_there_is_one_client_for_each_loop_and_class() -> None:
    async def clients() -> list[AsyncHTTPClient]:
        one = AsyncHTTPClient()
        assert AsyncHTTPClient() is one
        simple = SimpleAsyncHTTPClient()
        assert SimpleAsyncHTTPClient() is simple
        assert simple is not one
        own: AsyncHTTPClient = AsyncHTTPClient(force_instance=True)
        assert own is not one
        own.close()
        assert one.io_loop is IOLoop.current()
        return [one, simple]

    seen: list[AsyncHTTPClient] = []

    async def main() -> None:
        seen.extend(await clients())
        for client in seen[-2:]:
            client.close()

    run(main())
    run(main())
    assert len(set(map(id, seen))) == 4


def test_a_closed_client_is_replaced() -> None:
    async def main() -> None:
        first = AsyncHTTPClient()
        first.close()
        with pytest.raises(RuntimeError, match="closed"):
            first.fetch("http://127.0.0.1/")
        second = AsyncHTTPClient()
        assert second is not first
        second.close()

    run(main())


def test_defaults_and_the_class_can_be_configured() -> None:
    async def main() -> None:
        AsyncHTTPClient.configure(SimpleAsyncHTTPClient, defaults={"user_agent": "me"})
        try:
            async with serving() as (server, client):
                await client.fetch(server.url)
                assert b"\r\nUser-Agent: me\r\n" in server.requests[0]
        finally:
            AsyncHTTPClient.configure(None)

    run(main())


def test_arguments_beside_a_request_object_are_refused() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            with pytest.raises(ValueError, match="kwargs"):
                client.fetch(HTTPRequest(server.url), method="HEAD")

    run(main())


def test_a_kind_of_client_must_say_how_it_fetches() -> None:
    class Empty(AsyncHTTPClient):
        pass

    async def main() -> None:
        client: Any = Empty(force_instance=True)
        with pytest.raises(NotImplementedError):
            client.fetch("http://127.0.0.1/")
        client.close()

    run(main())


def test_a_client_of_another_kind_needs_only_fetch_impl() -> None:
    class Fixed(AsyncHTTPClient):
        def fetch_impl(self, request: HTTPRequest, callback: Any) -> None:
            assert request.request_timeout == 20  # the client's default, through the proxy
            callback(HTTPResponse(request, 404 if "missing" in request.url else 200))

    async def main() -> None:
        client: Any = Fixed(force_instance=True)
        assert (await client.fetch("http://host/")).code == 200
        with pytest.raises(HTTPClientError, match="404"):
            await client.fetch("http://host/missing")
        client.close()

    run(main())


# --- callbacks ---


@pytest.mark.parametrize(("reply", "code"), [(HELLO, 200), (MISSING, 404), (None, 599)])
@pytest.mark.parametrize("where", ["keyword", "second", "both orders"])
def test_a_callback_gets_the_response_whatever_is_wrong_with_it(
    reply: bytes | None, code: int, where: str
) -> None:
    async def main() -> None:
        async with serving(reply) as (server, client):
            called: asyncio.Future[HTTPResponse] = asyncio.get_running_loop().create_future()
            if where == "keyword":
                future = client.fetch(server.url, callback=called.set_result)
            elif where == "second":
                future = client.fetch(server.url, called.set_result)
            else:
                future = client.fetch(server.url, called.set_result, False)
            response = await called
            assert response.code == code
            assert (response.error is None) == (code == 200)
            assert future.done()
            if code == 404:
                assert (future.exception() is None) == (where == "both orders")
            if code == 599:
                assert isinstance(response.error, HTTPStreamClosedError)

    run(main())


def test_a_callback_is_called_by_the_loop() -> None:
    class Instant(AsyncHTTPClient):
        def fetch_impl(self, request: HTTPRequest, callback: Any) -> None:
            callback(HTTPResponse(request, 200))

    async def main() -> None:
        client: Any = Instant(force_instance=True)
        called: list[HTTPResponse] = []
        future = client.fetch("http://host/", callback=called.append)
        assert future.done()
        assert not called
        await turns(1)
        assert len(called) == 1
        client.close()

    run(main())


def test_a_cancelled_fetch_calls_nobody_back() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            called: list[HTTPResponse] = []
            future = client.fetch(server.url, callback=called.append)
            future.cancel()
            await client.fetch(server.url)
            assert not called

    run(main())


def test_an_error_that_a_cancelled_fetch_still_came_to_is_logged(logs: LogWatch) -> None:
    class Unstoppable(AsyncHTTPClient):
        def fetch_impl(self, request: HTTPRequest, callback: Any) -> None:
            asyncio.get_running_loop().call_soon(callback, HTTPResponse(request, code))

    async def main() -> None:
        client: Any = Unstoppable(force_instance=True)
        assert client.fetch("http://host/").cancel()
        await turns(1)
        client.close()

    code = 200
    run(main())
    code = 404
    with logs.expect("whirlwind.application", "Exception after Future was cancelled"):
        run(main())


def cancellations(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    """What was logged of fetches that were cancelled: level and error."""
    found = []
    for record in caplog.records:
        if record.getMessage() == "Exception after Future was cancelled":
            assert record.name == "whirlwind.application"
            assert record.exc_info is not None
            found.append((record.levelno, str(record.exc_info[1])))
    caplog.clear()
    return found


def test_a_fetch_that_is_cancelled_while_nobody_waits_for_it_logs_what_it_was_doing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        asked = asyncio.Event()

        class Stuck:
            async def resolve(self, *args: object) -> object:
                asked.set()
                return await asyncio.get_running_loop().create_future()

        async with serving(max_clients=1, resolver=Stuck()) as (_, client):
            connecting = client.fetch("http://nowhere/")
            queued = client.fetch("http://nowhere/")
            await asked.wait()
            queued.cancel()
            connecting.cancel()
            assert connecting.cancelled()
            assert not caplog.records  # not from within cancel()
            await turns(1)
            assert cancellations(caplog) == [
                (logging.INFO, f"Connection closed: the fetch was cancelled {doing}")
                for doing in ("in request queue", "while resolving nowhere")
            ]
            connecting.cancel()  # it is over
            await turns(1)
        async with serving() as (server, client):
            server.hang = True
            future = client.fetch(server.url)
            await server.arrived.wait()
            future.cancel()
            await server.closed.wait()
        assert [error for _, error in cancellations(caplog)] == [
            "Connection closed: the fetch was cancelled during request"
        ]

    with caplog.at_level(logging.INFO):
        run(main())


def test_whoever_waits_or_waited_for_a_cancelled_fetch_is_not_told_by_the_log_as_well(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with serving() as (server, client):
            server.hang = True

            async def wait() -> None:
                await client.fetch(server.url)

            @gen.coroutine
            def wait_for_all() -> Generator[Any, Any, None]:
                yield {"one": client.fetch(server.url), "other": [client.fetch(server.url)]}

            @gen.coroutine
            def wait_for_one() -> Generator[Any, Any, None]:
                yield client.fetch(server.url)

            waiting = asyncio.ensure_future(wait())
            old = wait_for_one()
            several = wait_for_all()
            both = asyncio.gather(client.fetch(server.url), client.fetch(server.url))
            late = client.fetch(server.url)
            other = asyncio.get_running_loop().create_future()
            other.set_result(None)
            loser = client.fetch(server.url)
            await gen.WaitIterator(other, loser).next()
            first: list[asyncio.Future[Any]] = [other, late]
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            await until(lambda: len(server.requests) == 8)
            ending: tuple[asyncio.Future[Any], ...] = (waiting, old, several, both, late, loser)
            for future in ending:
                future.cancel()
            ended = await asyncio.gather(*ending, return_exceptions=True)
            assert {type(error) for error in ended} == {asyncio.CancelledError}
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await client.fetch(server.url)
            await turns(2)
            assert client.statistics().open == 0
            assert cancellations(caplog) == []

    with caplog.at_level(logging.INFO):
        run(main())


def test_a_task_waits_for_a_fetch() -> None:
    @gen.coroutine
    def codes(client: AsyncHTTPClient, url: str) -> Generator[Any, Any, list[int]]:
        one = yield gen.Task(client.fetch, url)
        other = yield gen.Task(client.fetch, HTTPRequest(url))
        return [one.code, other.code]

    async def main() -> None:
        async with serving(HELLO, MISSING) as (server, client):
            assert await codes(client, server.url) == [200, 404]

    run(main())


# --- the register ---


def test_who_looks_at_the_register_sees_what_a_fetch_asks_for() -> None:
    @gen.coroutine
    def asking(client: AsyncHTTPClient, url: str) -> Generator[Any, Any, None]:
        yield client.fetch(url, method="HEAD")

    async def main() -> None:
        labels: list[str] = []

        def receive(kind: str, now: float, entry: Any, error: BaseException | None) -> None:
            if kind == "waits":
                labels.extend(wait.label for wait in entry.waits)

        async with serving() as (server, client):
            with sink(receive):
                await asking(client, server.url)
            assert labels == [f"HEAD {server.url}"]
            assert not register.is_open

    run(main())
