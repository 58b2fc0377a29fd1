"""Fetches through a SOCKS proxy on a socket: what it is told, and what becomes of its refusals."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.scripted_http import ScriptedServer, run, serving, turns, until
from tests.support.socks_proxy import SocksProxy, socks

from whirlwind import testing
from whirlwind.curl_httpclient import CurlAsyncHTTPClient
from whirlwind.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from whirlwind.httpserver import HTTPServer
from whirlwind.simple_httpclient import HTTPProxyError, HTTPTimeoutError
from whirlwind.web import Application
from whirlwind.websocket import WebSocketHandler, websocket_connect

CERTIFICATE = Path(testing.__file__).parent / "test.crt"


def through(proxy: SocksProxy, kind: str = "socks5h", **options: Any) -> dict[str, Any]:
    return {"proxy_host": f"{kind}://127.0.0.1", "proxy_port": proxy.port, **options}


@pytest.mark.parametrize(
    ("kind", "version", "is_name"),
    [("socks5", 5, False), ("socks5h", 5, True), ("socks4", 4, False), ("SOCKS4A", 41, True)],
)
@pytest.mark.parametrize("slow", [False, True], ids=["at once", "byte by byte"])
def test_a_proxy_is_told_a_name_or_its_address(
    kind: str, version: int, is_name: bool, slow: bool
) -> None:
    async def main() -> None:
        mapping = {"name.test": "127.0.0.1"}
        async with serving(hostname_mapping=mapping) as (server, client), socks() as proxy:
            proxy.slow = slow
            proxy.routes["name.test"] = ("127.0.0.1", server.port)
            for _ in range(2):
                url = f"http://name.test:{server.port}/a"
                response = await client.fetch(url, **through(proxy, kind))
                assert (response.body, response.effective_url) == (b"hello", url)
            told = "name.test" if is_name else "127.0.0.1"
            # Once: the connection through it is kept.
            assert proxy.asked == [(version, told, server.port)]
            head = server.requests[0].decode()
            assert head.startswith(f"GET /a HTTP/1.1\r\nHost: name.test:{server.port}\r\n")

    run(main())


def test_an_address_is_told_as_one() -> None:
    async def main() -> None:
        async with serving() as (server, client), socks() as proxy:
            await client.fetch(server.url, **through(proxy))
            await client.fetch(server.url, **through(proxy, "socks4a"))
            host = "127.0.0.1"
            assert proxy.asked == [(5, host, server.port), (4, host, server.port)]

    run(main())


def test_rule_9_name_and_password_are_the_proxys_and_nobody_elses() -> None:
    async def main() -> None:
        async with serving() as (server, client), socks() as proxy:
            proxy.account = "ann:word"
            account: dict[str, Any] = {"proxy_username": "ann", "proxy_password": "word"}
            await client.fetch(server.url, **through(proxy), **account)
            assert proxy.users == ["ann:word"]
            assert b"uthorization" not in server.requests[0]
            # A connection of another account is none of theirs.
            with pytest.raises(HTTPProxyError, match="wants a name and a password"):
                await client.fetch(server.url, **through(proxy))
            account["proxy_password"] = "wrong"
            with pytest.raises(HTTPProxyError, match="refuses name and password"):
                await client.fetch(server.url, **through(proxy), **account)
            assert proxy.connections == 3
            assert len(server.requests) == 1
            assert client.statistics().open == 1

    run(main())


def test_the_certificate_is_checked_against_the_server_and_not_the_proxy(logs: LogWatch) -> None:
    async def main() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, CERTIFICATE.with_suffix(".key"))
        origin = ScriptedServer()
        await origin.start(ssl=context)
        async with socks() as proxy:
            client = AsyncHTTPClient(force_instance=True)
            for name in ("foo.example.com", "other.example.com"):
                proxy.routes[name] = ("127.0.0.1", origin.port)
            options = through(proxy, ca_certs=str(CERTIFICATE))
            response = await client.fetch("https://foo.example.com/", **options)
            assert response.body == b"hello"
            assert 0 <= response.time_info["connect"] <= response.time_info["appconnect"]
            with (
                logs.expect("whirlwind.general", "SSL Error"),
                pytest.raises(ssl.SSLCertVerificationError, match=r"other\.example\.com"),
            ):
                await client.fetch("https://other.example.com/", **options)
            client.close()
            await turns(5)
            await origin.stop()
            await turns(5)

    run(main())


@pytest.mark.parametrize(
    ("kind", "code", "what"),
    [("socks5h", 2, "not allowed by its rules"), ("socks4a", 0x5B, "rejected or failed")],
)
def test_a_refusal_says_what_the_proxy_said(kind: str, code: int, what: str) -> None:
    async def main() -> None:
        async with serving() as (server, client), socks() as proxy:
            proxy.refusal = code
            with pytest.raises(HTTPProxyError, match=what) as caught:
                await client.fetch(server.url, **through(proxy, kind))
            assert f"127.0.0.1:{proxy.port}" in str(caught.value)
            assert caught.value.code == 599
            assert (server.requests, client.statistics().open) == ([], 0)

    run(main())


@pytest.mark.parametrize(
    ("answer", "what"),
    [(b"", "without an answer"), (b"\x05", "without an answer"), (b"HTTP/1.1 400", "no SOCKS")],
)
def test_what_is_no_socks_is_an_error(answer: bytes, what: str) -> None:
    async def main() -> None:
        async with serving() as (server, client), socks() as proxy:
            proxy.answer = answer
            with pytest.raises(HTTPProxyError, match=what):
                await client.fetch(server.url, **through(proxy))

    run(main())


def test_a_proxy_that_says_nothing_runs_into_the_timeout_of_connecting() -> None:
    async def main() -> None:
        async with serving() as (_, client), socks() as proxy:
            proxy.silent = True
            options = through(proxy)
            with pytest.raises(HTTPTimeoutError, match="while proxy") as caught:
                await client.fetch("http://name.test/", connect_timeout=0.01, **options)
            assert caught.value.stage == "appconnect"
            fetch = client.fetch("http://name.test/", **options)
            await until(lambda: proxy.connections == 2)
            fetch.cancel()
            with pytest.raises(asyncio.CancelledError):
                await fetch
            await turns(3)
            assert client.statistics().open == 0

    run(main())


@pytest.mark.parametrize("host", ["socks6://h", "socks5://", "socks5h://a b", "ftp://h", "://h"])
def test_a_proxy_of_another_kind_is_an_error(host: str) -> None:
    async def main() -> None:
        async with serving() as (server, client):
            with pytest.raises(ValueError, match="proxy_host"):
                await client.fetch(server.url, proxy_host=host, proxy_port=1)

    run(main())


def test_what_the_proxy_cannot_be_told_is_an_error() -> None:
    async def main() -> None:
        async with serving() as (server, client), socks() as proxy:
            with pytest.raises(ValueError, match="255"):
                await client.fetch(server.url, **through(proxy, proxy_username="n" * 256))
            with pytest.raises(OSError):
                await client.fetch("http://[::1]:1/", **through(proxy, "socks4"))
            assert client.statistics().open == 0

    run(main())


def test_a_redirect_goes_through_the_proxy_too() -> None:
    async def main() -> None:
        async with serving() as (server, client), socks() as proxy:
            moved = (
                b"HTTP/1.1 302 Found\r\nLocation: http://name.test/b\r\nContent-Length: 0\r\n\r\n"
            )
            server.replies = [moved, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"]
            proxy.routes["name.test"] = ("127.0.0.1", server.port)
            assert (await client.fetch(server.url, **through(proxy))).body == b"ok"
            assert proxy.asked == [(5, "127.0.0.1", server.port), (5, "name.test", 80)]

    run(main())


def test_a_websocket_passes() -> None:
    class Echo(WebSocketHandler):
        async def on_message(self, message: str | bytes) -> None:
            await self.write_message(message)

    async def main() -> None:
        server = HTTPServer(Application([("/", Echo)]))
        server.listen(0, "127.0.0.1")
        (sock,) = server._sockets.values()
        async with socks() as proxy:
            proxy.routes["ws.test"] = sock.getsockname()
            request = HTTPRequest("ws://ws.test/", **through(proxy))
            connection = await websocket_connect(request)
            await connection.write_message("hello")
            assert await connection.read_message() == "hello"
            connection.close()
            assert await connection.read_message() is None
        server.stop()
        await server.close_all_connections()
        await turns(3)

    run(main())


def test_a_proxy_that_is_not_there_is_an_error() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            with pytest.raises((OSError, HTTPClientError)):
                await client.fetch(server.url, proxy_host="socks5://127.0.0.1", proxy_port=1)

    run(main())


@pytest.mark.parametrize("kind", ["socks5", "socks5h", "socks4", "socks4a"])
def test_libcurl_says_the_same_to_the_proxy_for_the_same_options(kind: str) -> None:
    async def main() -> None:
        async with serving() as (server, client), socks() as proxy:
            other = CurlAsyncHTTPClient(force_instance=True)
            proxy.account = "ann:word" if "5" in kind else None
            url = f"http://localhost:{server.port}/"
            options = through(proxy, kind, proxy_username="ann", allow_ipv6=False)
            options["proxy_password"] = "word"
            for fetch in (client.fetch, other.fetch):
                assert (await fetch(url, **options)).body == b"hello"
            assert proxy.asked[0] == proxy.asked[1]
            assert proxy.users[0] == proxy.users[1] == (proxy.account or "ann")
            other.close()
            await turns(5)

    run(main())
