"""Our clients before servers that others wrote: aiohttp's, and nginx in front of ours."""

from __future__ import annotations

import asyncio
import pathlib
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp.web
import pytest
import uvloop
from tests.peers.application import PIECES, application
from tests.support.peers import nginx_before
from tests.support.raw_http import run, serving

from whirlwind import testing
from whirlwind.curl_httpclient import CurlAsyncHTTPClient
from whirlwind.httpclient import AsyncHTTPClient, HTTPClientError
from whirlwind.simple_httpclient import SimpleAsyncHTTPClient

LARGE = bytes(range(256)) * 20_000
CERTIFICATE = str(pathlib.Path(testing.__file__).parent / "test.crt")


class AtPath:
    """A resolver that leads everywhere to a Unix socket."""

    def __init__(self, path: str) -> None:
        self.path = path

    async def resolve(self, host: str, port: int, family: int = 0) -> list[tuple[int, str]]:
        return [(socket.AF_UNIX, self.path)]


def aiohttp_application() -> aiohttp.web.Application:
    async def hello(request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response(body=b"Hello")

    async def echo(request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response(body=await request.read())

    async def count(request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response(text=str(len(await request.read())))

    async def pieces(request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        response = aiohttp.web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for number in range(100):
            await response.write(b"%02d" % number * 500)
        await response.write_eof()
        return response

    async def packed(request: aiohttp.web.Request) -> aiohttp.web.Response:
        response = aiohttp.web.Response(body=LARGE)
        response.enable_compression()
        return response

    async def old(request: aiohttp.web.Request) -> aiohttp.web.Response:
        raise aiohttp.web.HTTPFound("/")

    app = aiohttp.web.Application(client_max_size=2**26)
    app.router.add_get("/", hello)
    app.router.add_route("*", "/echo", echo)
    app.router.add_route("*", "/count", count)
    app.router.add_get("/pieces", pieces)
    app.router.add_get("/packed", packed)
    app.router.add_get("/old", old)
    return app


@asynccontextmanager
async def aiohttp_server() -> AsyncIterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    runner = aiohttp.web.AppRunner(aiohttp_application(), access_log=None)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    try:
        await aiohttp.web.SockSite(runner, listening).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", {}, {}
    finally:
        await runner.cleanup()


@asynccontextmanager
async def nginx(name: str) -> AsyncIterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    with tempfile.TemporaryDirectory() as folder:
        async with (
            serving(application(compress_response=True)) as running,
            nginx_before(running.port, pathlib.Path(folder)),
        ):
            path = f"{folder}/{name}.sock"

            def through(handle: Any) -> None:
                import pycurl

                handle.setopt(pycurl.UNIX_SOCKET_PATH, path)

            scheme = "https" if name == "secure" else "http"
            yield (
                f"{scheme}://foo.example.com",
                {"resolver": AtPath(path)},
                {"prepare_curl_callback": through},
            )


SERVERS: dict[str, Callable[[], Any]] = {
    "aiohttp": aiohttp_server,
    "nginx": lambda: nginx("front"),
    "nginx over TLS": lambda: nginx("secure"),
}


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def factory(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    made: Callable[[], asyncio.AbstractEventLoop] = request.param
    return made


@pytest.mark.parametrize("kind", ["simple", "curl"])
@pytest.mark.parametrize("server", SERVERS)
def test_all_that_a_client_does(
    server: str, kind: str, factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def main() -> None:
        async with SERVERS[server]() as (url, for_simple, for_curl):
            defaults = {"ca_certs": CERTIFICATE}
            client: AsyncHTTPClient
            if kind == "simple":
                client = SimpleAsyncHTTPClient(force_instance=True, defaults=defaults, **for_simple)
            else:
                client = CurlAsyncHTTPClient(force_instance=True, defaults={**defaults, **for_curl})
            fetch = client.fetch
            responses = await asyncio.gather(*[fetch(f"{url}/") for _ in range(50)])
            assert {response.body for response in responses} == {b"Hello"}
            head = await fetch(f"{url}/", method="HEAD")
            assert (head.body, head.headers["Content-Length"]) == (b"", "5")
            for body in (b"", b"x", LARGE):
                answer = await fetch(f"{url}/echo", method="POST", body=body)
                assert answer.body == body
            answer = await fetch(f"{url}/echo", method="POST", body=LARGE, expect_100_continue=True)
            assert answer.body == LARGE
            assert (await fetch(f"{url}/pieces")).body == PIECES
            pieces: list[bytes] = []
            assert (await fetch(f"{url}/pieces", streaming_callback=pieces.append)).body == b""
            assert b"".join(pieces) == PIECES
            if kind == "simple":

                async def produce(write: Any) -> None:
                    for at in range(0, len(LARGE), 100_000):
                        await write(LARGE[at : at + 100_000])

                counted = await fetch(f"{url}/count", method="PUT", body_producer=produce)
                assert counted.body == b"%d" % len(LARGE)
            if server == "aiohttp":
                packed = await fetch(f"{url}/packed")
                assert packed.body == LARGE
            moved = await fetch(f"{url}/old")
            assert (moved.body, moved.effective_url) == (b"Hello", f"{url}/")
            with pytest.raises(HTTPClientError, match="404"):
                await fetch(f"{url}/missing")
            if kind == "simple":
                assert isinstance(client, SimpleAsyncHTTPClient)
                held = client.statistics()
                assert 0 < held.idle == held.open <= client.max_clients
            client.close()
            await asyncio.sleep(0)

    run(main, factory)
