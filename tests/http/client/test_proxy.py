"""Fetches through a proxy on a socket: what it is told, and what it is not."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.digest_check import DigestCheck
from tests.support.forward_proxy import ForwardProxy, fields_of, proxying
from tests.support.scripted_http import ScriptedServer, run, serving, turns

from whirlwind import testing
from whirlwind._http.client.connection_key import connection_key
from whirlwind._http.client.proxy import Proxy, absolute_form, chosen_proxy, tunnel_authority
from whirlwind._http.client.target import parse_target
from whirlwind.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from whirlwind.httpserver import HTTPServer
from whirlwind.httputil import HTTPHeaders
from whirlwind.simple_httpclient import HTTPProxyError
from whirlwind.web import Application
from whirlwind.websocket import WebSocketHandler, websocket_connect

CERTIFICATE = Path(testing.__file__).parent / "test.crt"
ORIGIN = "foo.example.com:443"


def through(proxy: ForwardProxy, **options: Any) -> dict[str, Any]:
    return {"proxy_host": "127.0.0.1", "proxy_port": proxy.port, **options}


def field(server: ScriptedServer, name: str) -> list[str | None]:
    return [fields_of(head.decode()).get(name) for head in server.requests]


async def serve_tls(*replies: bytes) -> ScriptedServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, CERTIFICATE.with_suffix(".key"))
    server = ScriptedServer(*replies)
    await server.start(ssl=context)
    return server


def test_a_request_names_its_whole_url_to_the_proxy_and_nobody_else() -> None:
    async def main() -> None:
        async with serving() as (server, client), proxying() as proxy:
            url = f"http://user:word@127.0.0.1:{server.port}/a?b=c#d"
            response = await client.fetch(url, **through(proxy))
            assert response.body == b"hello"
            assert response.effective_url == url
            line = proxy.heads[0].partition("\r\n")[0]
            assert line == f"GET http://127.0.0.1:{server.port}/a?b=c HTTP/1.1"
            assert server.requests[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")
            assert field(server, "host") == [f"127.0.0.1:{server.port}"]
            assert field(server, "authorization") == ["Basic dXNlcjp3b3Jk"]

    run(main())


def test_a_proxy_among_the_defaults_can_be_left_out_of_one_request() -> None:
    async def main() -> None:
        async with proxying() as proxy, serving(defaults=through(proxy)) as (server, client):
            await client.fetch(server.url)
            await client.fetch(server.url, proxy_host="")
            assert len(proxy.heads) == 1
            assert len(server.requests) == 2

    run(main())


def test_one_connection_to_a_proxy_serves_many_hosts_but_one_account() -> None:
    async def main() -> None:
        async with serving() as (server, client), proxying() as proxy:
            for name in ("one", "two"):
                proxy.routes[name] = ("127.0.0.1", server.port)
                for _ in range(2):
                    await client.fetch(f"http://{name}/", **through(proxy))
            assert (len(proxy.heads), proxy.connections) == (4, 1)
            await client.fetch("http://one/", **through(proxy, proxy_username="a"))
            await client.fetch("http://one/", **through(proxy, proxy_username="b"))
            assert proxy.connections == 3

    run(main())


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("mode", ["basic", "digest", "field"])
def test_rule_9_the_name_for_the_proxy_is_not_told_to_the_origin(mode: str, secure: bool) -> None:
    async def main() -> None:
        async with proxying() as proxy:
            server = await serve_tls() if secure else ScriptedServer()
            if not secure:
                await server.start()
            options: dict[str, Any] = {"proxy_username": "me", "proxy_password": "pass"}
            if mode == "digest":
                proxy.digest = DigestCheck("me", "pass")
                options["proxy_auth_mode"] = "digest"
            else:
                proxy.basic = "me:pass"
            if mode == "field":
                options = {"headers": {"Proxy-Authorization": "Basic bWU6cGFzcw=="}}
            client = AsyncHTTPClient(force_instance=True)
            scheme = "https" if secure else "http"
            for _ in range(2):
                response = await client.fetch(
                    f"{scheme}://127.0.0.1:{server.port}/",
                    validate_cert=False,
                    **through(proxy, **options),
                )
                assert response.body == b"hello"
            assert len(server.requests) == 2
            assert field(server, "proxy-authorization") == [None, None]
            # Asked once, and no more: what digest learned serves for the second as well.
            said = [value[:6] for value in proxy.named("proxy-authorization")]
            expected = ["Digest" if mode == "digest" else "Basic "] * (1 if secure else 2)
            assert said == ([""] if mode == "digest" else []) + expected
            client.close()
            await turns(5)
            await server.stop()
            await turns(5)

    run(main())


def test_rule_9_a_field_meant_for_proxies_goes_to_no_origin() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            headers = {"Proxy-Authorization": "Basic x", "A": "b"}
            await client.fetch(server.url, headers=headers)
            assert field(server, "proxy-authorization") == [None]
            assert field(server, "a") == ["b"]

    run(main())


def test_rule_9_redirects_take_the_name_for_the_proxy_to_the_proxy_only() -> None:
    async def main() -> None:
        async with proxying() as proxy:
            proxy.basic = "me:pass"
            secure = await serve_tls()
            reply = b"HTTP/1.1 302 Found\r\nLocation: https://%b/\r\nContent-Length: 0\r\n\r\n"
            async with serving(reply % ORIGIN.encode()) as (server, client):
                proxy.routes[ORIGIN] = ("127.0.0.1", secure.port)
                options = through(proxy, proxy_username="me", proxy_password="pass")
                response = await client.fetch(
                    server.url,
                    ca_certs=str(CERTIFICATE),
                    auth_username="user",
                    auth_password="word",
                    **options,
                )
                assert response.body == b"hello"
                assert field(server, "authorization") == ["Basic dXNlcjp3b3Jk"]
                for one in (server, secure):
                    assert field(one, "proxy-authorization") == [None]
                assert field(secure, "authorization") == [None]
                assert [head.partition(" ")[0] for head in proxy.heads] == ["GET", "CONNECT"]
                assert proxy.named("proxy-authorization") == ["Basic bWU6cGFzcw=="] * 2
                assert proxy.named("authorization") == ["Basic dXNlcjp3b3Jk", ""]
            await secure.stop()
            await turns(5)

    run(main())


def test_the_certificate_is_checked_against_the_origin_and_not_the_proxy(logs: LogWatch) -> None:
    async def main() -> None:
        async with proxying() as proxy:
            server = await serve_tls()
            client = AsyncHTTPClient(force_instance=True)
            for name in ("foo.example.com", "bar.example.com"):
                proxy.routes[f"{name}:443"] = ("127.0.0.1", server.port)
            options = through(proxy, ca_certs=str(CERTIFICATE))
            for _ in range(2):
                response = await client.fetch("https://foo.example.com/", **options)
                assert response.body == b"hello"
            assert proxy.tunnels == [ORIGIN]
            assert response.time_info["total"] >= 0
            with (
                logs.expect("whirlwind.general", r"SSL Error on bar\.example\.com"),
                pytest.raises(ssl.SSLCertVerificationError, match=r"bar\.example\.com"),
            ):
                await client.fetch("https://bar.example.com/", **options)
            # The proxy's own name is nothing that a server may show.
            with (
                logs.expect("whirlwind.general", "SSL Error on 127"),
                pytest.raises(ssl.SSLCertVerificationError),
            ):
                await client.fetch(f"https://127.0.0.1:{server.port}/", **options)
            assert len(server.requests) == 2
            client.close()
            await turns(5)
            await server.stop()
            await turns(5)

    run(main())


@pytest.mark.parametrize("closes", [True, False])
def test_a_proxy_that_lets_nobody_in_is_asked_twice_at_most(closes: bool) -> None:
    async def main() -> None:
        async with serving() as (server, client), proxying() as proxy:
            proxy.closes = closes
            proxy.digest = DigestCheck("me", "pass")
            options = through(
                proxy, proxy_username="me", proxy_password="wrong", proxy_auth_mode="digest"
            )
            with pytest.raises(HTTPClientError) as caught:
                await client.fetch(server.url, **options)
            assert caught.value.code == 407
            assert len(proxy.heads) == 2
            with pytest.raises(HTTPProxyError, match="no tunnel: 407 Proxy Auth") as refused:
                await client.fetch("https://name.example/", **options)
            assert (refused.value.code, refused.value.proxy_code) == (599, 407)
            assert len(proxy.heads) == 4
            assert server.requests == []

    run(main())


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(b"HTTP/1.1 403 No\r\n\r\nsecret", "no tunnel: 403 No$", id="refusal"),
        pytest.param(b"", "closed the connection without an answer", id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: b", "closed the connection", id="half an answer"),
        pytest.param(b"SSH-2.0\r\n\r\n", "no HTTP", id="no HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\na b: c\r\n\r\n", "no HTTP", id="broken field"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nx", "bytes came before", id="rule 2: bytes behind"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nA: " + b"a" * 70_000, "over 65536 bytes", id="rule 5: long header"
        ),
        pytest.param(b"HTTP/1.1 100 C\r\n\r\n" * 11, "more than 10 1xx", id="rule 5: many 1xx"),
    ],
)
def test_an_answer_that_opens_no_tunnel_says_what_it_was(answer: bytes, message: str) -> None:
    async def main() -> None:
        async with proxying() as proxy:
            proxy.connect_answer = answer
            client = AsyncHTTPClient(force_instance=True)
            with pytest.raises(HTTPProxyError, match=message) as caught:
                await client.fetch("https://name.example/", **through(proxy))
            assert str(caught.value).startswith(f"proxy 127.0.0.1:{proxy.port}: ")
            client.close()
            await turns(3)

    run(main())


def test_a_proxy_that_is_not_there_is_named() -> None:
    async def main() -> None:
        sock, port = testing.bind_unused_port()
        sock.close()
        client = AsyncHTTPClient(force_instance=True)
        for url in ("http://name.example/", "https://name.example/"):
            with pytest.raises(ConnectionRefusedError, match=f"127.0.0.1 port {port}"):
                await client.fetch(url, proxy_host="127.0.0.1", proxy_port=port)
        client.close()

    run(main())


def test_rule_4_nothing_in_a_name_for_the_proxy_starts_a_line() -> None:
    async def main() -> None:
        async with serving() as (server, client), proxying() as proxy:
            proxy.digest = DigestCheck()
            for url in (server.url, "https://name.example/"):
                with pytest.raises(ValueError, match="Illegal"):
                    await client.fetch(
                        url,
                        headers={},
                        **through(proxy, proxy_username="a\r\nB: c", proxy_auth_mode="digest"),
                    )
            assert server.requests == []

    run(main())


def test_rule_9_the_key_of_a_connection_holds_the_proxy_and_who_one_is_to_it() -> None:
    plain, secure = parse_target("http://a/"), parse_target("https://a/")
    proxies = [
        None,
        Proxy("p", 1),
        Proxy("p", 2),
        Proxy("q", 1),
        Proxy("p", 1, "u"),
        Proxy("p", 1, "u", "w"),
        Proxy("p", 1, "u", "w", "digest"),
        Proxy("p", 1, field="Basic x"),
    ]
    keys = [connection_key(secure, {}, proxy) for proxy in proxies]
    keys += [connection_key(plain, {}, proxy) for proxy in proxies]
    keys += [connection_key(plain, {}, proxy, is_forwarded=True) for proxy in proxies[1:]]
    assert len(set(keys)) == len(keys)
    other = parse_target("http://b/")
    assert connection_key(other, {}, proxies[1], is_forwarded=True) in keys
    assert connection_key(other, {}, proxies[1]) not in keys


def test_what_a_request_says_of_its_proxy() -> None:
    none = HTTPHeaders()
    assert chosen_proxy({}, none) is None
    assert chosen_proxy({"proxy_host": "", "proxy_port": 1}, none) is None
    both = {"proxy_host": "p", "proxy_port": 1}
    # Without a name there is no password either: two requests that send the same are the same.
    assert chosen_proxy({**both, "proxy_password": "w"}, none) == Proxy("p", 1)
    assert chosen_proxy({**both, "proxy_username": "u"}, none) == Proxy("p", 1, "u")
    said = HTTPHeaders({"Proxy-Authorization": "x"})
    assert chosen_proxy(both, said) == Proxy("p", 1, field="x")
    assert chosen_proxy({**both, "proxy_username": "u"}, said) == Proxy("p", 1, "u")
    for host, port in (("a b", 1), ("a:1", 1), ("https://a", 1), ("a", 65536), ("a", None)):
        with pytest.raises(ValueError, match="proxy_"):
            chosen_proxy({"proxy_host": host, "proxy_port": port}, none)
    assert Proxy("::1", 2).authority == "[::1]:2"


def test_the_forms_of_a_request_line_that_proxies_see() -> None:
    target = parse_target("http://u:p@Name:80/a b?c#d")
    assert absolute_form(target) == "http://Name:80/a%20b?c"
    assert tunnel_authority(parse_target("https://[::1]/")) == "[::1]:443"


def test_a_websocket_passes_a_proxy_in_a_tunnel() -> None:
    class Echo(WebSocketHandler):
        def on_message(self, message: str | bytes) -> None:
            self.write_message(message)

    async def main() -> None:
        async with proxying() as proxy:
            running = Application([("/", Echo)], log_function=lambda handler: None)
            sock, port = testing.bind_unused_port()
            server = HTTPServer(running)
            server.add_sockets([sock])
            request = HTTPRequest(f"ws://127.0.0.1:{port}/", **through(proxy))
            websocket = await websocket_connect(request)
            await websocket.write_message("hello")
            assert await websocket.read_message() == "hello"
            assert proxy.tunnels == [f"127.0.0.1:{port}"]
            websocket.close()
            assert await websocket.read_message() is None
            server.stop()
            await server.close_all_connections()
            await turns(5)

    run(main())
