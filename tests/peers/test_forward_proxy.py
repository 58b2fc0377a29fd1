"""curl and aiohttp pass the proxy and the guard that our client is tested with.

What the other two are let through with is what our client has to be let through with.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.support.digest_check import DigestCheck
from tests.support.forward_proxy import ForwardProxy, proxying
from tests.support.guarded_http import guarded
from tests.support.peers import output_of
from tests.support.scripted_http import ScriptedServer, run, turns

from whirlwind import testing
from whirlwind.httpclient import AsyncHTTPClient

CERTIFICATE = Path(testing.__file__).parent / "test.crt"
Get = Callable[[str, ForwardProxy, str], Awaitable[bytes]]


async def with_curl(url: str, proxy: ForwardProxy, mode: str) -> bytes:
    options = ["-sS", "--max-time", "9", "-x", f"http://127.0.0.1:{proxy.port}", url]
    options += ["--cacert", str(CERTIFICATE)]
    if mode:
        options += [f"--proxy-{mode}", "-U", "me:pass"]
    return (await output_of("curl", *options))[0]


async def with_aiohttp(url: str, proxy: ForwardProxy, mode: str) -> bytes:
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    said = {"Proxy-Authorization": aiohttp.encode_basic_auth("me", "pass")} if mode else None
    async with aiohttp.ClientSession() as session:
        options: dict[str, Any] = {"proxy": f"http://127.0.0.1:{proxy.port}", "ssl": trusting}
        options["proxy_headers" if url.startswith("https:") else "headers"] = said
        async with session.get(url, **options) as response:
            return await response.read()


async def with_ours(url: str, proxy: ForwardProxy, mode: str) -> bytes:
    client = AsyncHTTPClient(force_instance=True)
    options: dict[str, Any] = {"proxy_host": "127.0.0.1", "proxy_port": proxy.port}
    if mode:
        options |= {"proxy_username": "me", "proxy_password": "pass", "proxy_auth_mode": mode}
    try:
        body: bytes = (await client.fetch(url, ca_certs=str(CERTIFICATE), **options)).body
        return body
    finally:
        client.close()
        await turns(5)


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize(
    ("get", "mode"),
    [
        (with_curl, ""),
        (with_curl, "basic"),
        (with_curl, "digest"),
        (with_aiohttp, ""),
        (with_aiohttp, "basic"),
        (with_ours, ""),
        (with_ours, "basic"),
        (with_ours, "digest"),
    ],
)
def test_each_client_gets_through(get: Get, mode: str, secure: bool) -> None:
    async def main() -> None:
        async with proxying() as proxy:
            server = ScriptedServer()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE, CERTIFICATE.with_suffix(".key"))
            await server.start(**({"ssl": context} if secure else {}))
            proxy.routes["foo.example.com:443"] = ("127.0.0.1", server.port)
            proxy.routes["foo.example.com"] = ("127.0.0.1", server.port)
            proxy.basic = "me:pass" if mode == "basic" else None
            proxy.digest = DigestCheck("me", "pass", "MD5") if mode == "digest" else None
            scheme = "https" if secure else "http"
            assert await get(f"{scheme}://foo.example.com/", proxy, mode) == b"hello"
            assert proxy.tunnels == (["foo.example.com:443"] if secure else [])
            assert b"proxy-" not in server.requests[0].lower()
            await turns(5)
            await server.stop()
            await turns(5)

    run(main())


@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess", "SHA-256"])
def test_curl_and_aiohttp_pass_the_guard_that_checks_digests(algorithm: str) -> None:
    async def main() -> None:
        async with guarded(username="me", password="pass", algorithm=algorithm) as (server, _):
            given = ("-sS", "--max-time", "9", "--digest", "-u", "me:pass", server.url)
            assert (await output_of("curl", *given))[0] == b"hello"
        async with guarded(username="me", password="pass", algorithm=algorithm) as (server, _):
            answering = aiohttp.DigestAuthMiddleware("me", "pass")
            async with (
                aiohttp.ClientSession(middlewares=(answering,)) as session,
                session.get(server.url) as response,
            ):
                assert await response.read() == b"hello"

    run(main())
