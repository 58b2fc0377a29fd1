"""The client on libcurl: which one a program gets, its queue, cancelling, closing."""

from __future__ import annotations

import asyncio
import gc
import logging
import subprocess
import sys
import threading
from typing import Any

import pycurl
import pytest
from tests.conftest import LogWatch
from tests.support.curl_http import curl_serving
from tests.support.faulty_peer import FaultyPeer, Wire
from tests.support.scripted_http import HELLO, LoopFactory, ScriptedServer, run, turns, until
from tests.support.upstream import Upstream, upstream, upstream_server

from whirlwind.curl_httpclient import CurlAsyncHTTPClient, CurlError
from whirlwind.httpclient import AsyncHTTPClient, HTTPClient, HTTPRequest, HTTPResponse

__all__ = ["upstream", "upstream_server"]


def test_it_is_configured_by_its_dotted_name_with_arguments() -> None:
    saved = AsyncHTTPClient._save_configuration()

    async def main() -> None:
        AsyncHTTPClient.configure(
            "whirlwind.curl_httpclient.CurlAsyncHTTPClient",
            max_clients=3,
            defaults={"user_agent": "mine"},
        )
        server = ScriptedServer()
        await server.start()
        client = AsyncHTTPClient()
        assert type(client) is CurlAsyncHTTPClient
        assert client is AsyncHTTPClient()
        assert client.max_clients == 3
        assert client.max_body_size == 104_857_600
        assert (await client.fetch(server.url)).body == b"hello"
        assert b"\r\nUser-Agent: mine\r\n" in server.requests[0]
        client.close()
        await server.stop()

    try:
        run(main())
    finally:
        AsyncHTTPClient._restore_configuration(saved)


def test_no_other_door_imports_pycurl() -> None:
    program = (
        "import sys, whirlwind.httpclient, whirlwind.simple_httpclient, whirlwind.web\n"
        "print('pycurl' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_fetches_beyond_max_clients_wait_in_line_and_say_how_long() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        arrived, answer = asyncio.Event(), threading.Event()
        paths: list[bytes] = []

        def script(wire: Wire) -> None:
            for _ in range(3):
                paths.append(wire.head().split(b" ")[1])
                loop.call_soon_threadsafe(arrived.set)
                answer.wait(8)
                wire.send(HELLO)
            wire.hold()

        with FaultyPeer(script) as server:
            client = CurlAsyncHTTPClient(force_instance=True, max_clients=1)
            before = loop.time()
            url = f"http://127.0.0.1:{server.port}/"
            fetches = [client.fetch(f"{url}{number}") for number in range(3)]
            await arrived.wait()
            asked = loop.time()
            while loop.time() == asked:  # the clock of a loop has ticks
                await asyncio.sleep(0)
            waited = loop.time() - asked
            answer.set()
            responses = await asyncio.gather(*fetches)
            assert paths == [b"/0", b"/1", b"/2"]
            first, *others = (response.time_info["queue"] for response in responses)
            assert 0 <= first <= asked - before
            assert min(others) >= waited
            assert server.connections == 1
            client.close()

    run(main())


def test_many_bad_requests_in_line_do_not_end_one_inside_the_other() -> None:
    async def main() -> None:
        async with curl_serving(max_clients=1) as (server, client):
            first = client.fetch(server.url)
            bad = [client.fetch("http://127.0.0.1/", method="FOO") for _ in range(2000)]
            await first
            results = await asyncio.gather(*bad, return_exceptions=True)
            assert {type(result) for result in results} == {KeyError}

    run(main())


def test_cancelling_ends_the_transfer_and_frees_the_place() -> None:
    async def main() -> None:
        async with curl_serving(max_clients=1) as (server, client):
            server.hang = True
            fetch = client.fetch(server.url)
            waiting = client.fetch(server.url)
            following = client.fetch(server.url + "next")
            await server.arrived.wait()
            waiting.cancel()
            server.hang = False
            fetch.cancel()
            await server.closed.wait()
            assert (await following).body == b"hello"
            assert len(server.requests) == 2
            with pytest.raises(asyncio.CancelledError):
                await fetch

    run(main())


def test_a_fetch_that_is_cancelled_while_nobody_waits_for_it_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with curl_serving(max_clients=1) as (server, client):
            server.hang = True
            fetch = client.fetch(server.url)
            queued = client.fetch(server.url)
            await server.arrived.wait()
            queued.cancel()
            fetch.cancel()
            await server.closed.wait()
            errors = [record.exc_info[1] for record in caplog.records if record.exc_info]
            assert [str(error) for error in errors] == [
                f"HTTP 599: the fetch was cancelled {doing}"
                for doing in ("in request queue", "during request")
            ]
            assert isinstance(errors[0], CurlError)
            assert errors[0].errno == pycurl.E_ABORTED_BY_CALLBACK
            caplog.clear()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await client.fetch(server.url)
            await turns(1)
            assert not caplog.records

    with caplog.at_level(logging.INFO, "whirlwind.application"):
        run(main())


def test_closing_ends_fetches_with_an_error_and_says_nothing_else() -> None:
    async def main() -> None:
        async with curl_serving(max_clients=1) as (server, client):
            server.hang = True
            running, queued = client.fetch(server.url), client.fetch(server.url)
            forgotten = client.fetch(server.url)
            await server.arrived.wait()
            client.close()
            client.close()
            for fetch in (running, queued):
                with pytest.raises(CurlError, match="the client was closed") as caught:
                    await fetch
                assert caught.value.errno == pycurl.E_ABORTED_BY_CALLBACK
            await server.closed.wait()
            with pytest.raises(RuntimeError, match="closed"):
                client.fetch(server.url)
            del forgotten

    run(main())


def test_a_callback_may_fetch_cancel_and_close() -> None:
    async def main() -> None:
        async with curl_serving() as (server, client):
            fetches: list[asyncio.Future[HTTPResponse]] = []

            def fetch_more(piece: bytes) -> None:
                fetches.append(client.fetch(server.url + "more"))

            await client.fetch(server.url, streaming_callback=fetch_more)
            assert (await fetches[0]).body == b"hello"

            def cancel(piece: bytes) -> None:
                fetches[1].cancel()

            fetches.append(client.fetch(server.url, streaming_callback=cancel))
            with pytest.raises(asyncio.CancelledError):
                await fetches[1]

            with pytest.raises(CurlError, match="closed"):
                await client.fetch(server.url, header_callback=lambda line: client.close())

    run(main())


def test_the_end_of_the_loop_closes_the_client(loop_kind: LoopFactory) -> None:
    clients: list[CurlAsyncHTTPClient] = []

    async def main() -> None:
        server = ScriptedServer()
        await server.start()
        clients.append(CurlAsyncHTTPClient())
        await clients[0].fetch(server.url)
        await server.stop()

    run(main())
    with pytest.raises(RuntimeError, match="closed"):
        clients[0].fetch("http://127.0.0.1/")


def test_fetch_impl_can_be_called_with_a_function() -> None:
    async def main() -> None:
        async with curl_serving() as (server, client):
            answered: asyncio.Future[HTTPResponse] = asyncio.get_running_loop().create_future()
            client.fetch_impl(HTTPRequest(server.url, connect_timeout=9), answered.set_result)
            assert (await answered).body == b"hello"

    run(main())


def test_it_works_without_a_running_loop_in_the_blocking_client(upstream: Upstream) -> None:
    client = HTTPClient(CurlAsyncHTTPClient)
    try:
        assert client.fetch(f"{upstream.url}/page/one").body == b"<title>one</title>"
    finally:
        client.close()


def test_an_exception_of_a_callback_goes_to_a_method_that_can_be_replaced(logs: LogWatch) -> None:
    class Client(CurlAsyncHTTPClient):
        failed: list[Any]

        def handle_callback_exception(self, callback: Any) -> None:
            self.failed.append((callback, sys.exc_info()[0]))

    def fails(piece: bytes) -> None:
        raise ZeroDivisionError

    async def main() -> None:
        async with curl_serving() as (server, plain):
            with logs.expect("whirlwind.application", "Exception in callback .*fails"):
                response = await plain.fetch(server.url, streaming_callback=fails)
            assert response.code == 200
            client = Client(force_instance=True)
            client.failed = []
            await client.fetch(server.url, streaming_callback=fails)
            assert client.failed == [(fails, ZeroDivisionError)]
            client.close()

    run(main())


def test_a_fetch_leaves_no_reference_cycle() -> None:
    async def main() -> None:
        async with curl_serving() as (server, client):
            await client.fetch(server.url)
            await turns(3)
            gc.collect()
            gc.disable()
            try:
                seen: list[Any] = []
                await client.fetch(server.url, streaming_callback=seen.append)
                await client.fetch(server.url, header_callback=seen.append)
                cancelled = client.fetch(server.url)
                cancelled.cancel()
                del cancelled
                server.replies = [None]
                await asyncio.gather(client.fetch(server.url), return_exceptions=True)
                await turns(3)
                gc.set_debug(gc.DEBUG_SAVEALL)
                gc.collect()
                ours = [
                    thing
                    for thing in gc.garbage
                    if type(thing).__module__.startswith("whirlwind.")
                    or isinstance(thing, pycurl.Curl)
                ]
                assert ours == []
            finally:
                gc.set_debug(0)
                gc.garbage.clear()
                gc.enable()

    run(main())


def test_connections_are_kept() -> None:
    async def main() -> None:
        async with curl_serving() as (server, client):
            for _ in range(3):
                await client.fetch(server.url)
            assert server.connections == 1
            assert server.open == 1
            client.close()
            await until(lambda: server.open == 0)

    run(main())
