"""What a request says is what libcurl does, on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pycurl
import pytest
from tests.support.curl_http import CERTIFICATE, KEY, SecureServer, TunnelProxy, curl_serving, here
from tests.support.scripted_http import HELLO, run

from whirlwind.curl_httpclient import CR_OR_LF_RE, CurlAsyncHTTPClient, CurlError
from whirlwind.httputil import HTTPHeaders


def sent(path: str = "", **options: Any) -> tuple[str, list[str], bytes]:
    """Fetch with these options; return request line, header lines and body as they were sent."""
    seen: list[bytes] = []

    async def main() -> None:
        async with curl_serving() as (server, client):
            await client.fetch(server.url + path, **options)
            seen.extend(server.requests)

    run(main())
    head, _, body = seen[-1].partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    return line, fields, body


def test_a_plain_request_has_few_fields() -> None:
    line, fields, body = sent("path?query#fragment")
    assert line == "GET /path?query HTTP/1.1"
    assert [field.partition(":")[0] for field in fields] == [
        "Host",
        "Accept",
        "Accept-Encoding",
        "User-Agent",
    ]
    assert "Accept-Encoding: gzip,deflate" in fields
    assert body == b""


@pytest.mark.parametrize(
    ("method", "body", "nonstandard"),
    [
        ("POST", b"a b", False),
        ("POST", b"", False),
        ("PUT", b"a b", False),
        ("PUT", b"", False),
        ("PATCH", b"a b", False),
        ("GET", b"a b", True),
        ("DELETE", b"a b", True),
        ("OPTIONS", b"a b", True),
        ("FOO", b"a b", True),
        ("POST", b"x" * 3_000_000, False),
        ("PUT", b"x" * 3_000_000, False),
    ],
)
def test_methods_go_with_their_bodies(method: str, body: bytes, nonstandard: bool) -> None:
    line, fields, received = sent(method=method, body=body, allow_nonstandard_methods=nonstandard)
    assert line == f"{method} / HTTP/1.1"
    assert f"Content-Length: {len(body)}" in fields
    assert received == body
    assert ("Content-Type: application/x-www-form-urlencoded" in fields) is (method == "POST")
    assert not [field for field in fields if field.startswith("Expect")]


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "FOO"])
def test_methods_go_without_a_body(method: str) -> None:
    line, fields, _ = sent(method=method, allow_nonstandard_methods=method == "FOO")
    assert line == f"{method} / HTTP/1.1"
    assert not [field for field in fields if field.startswith(("Content-", "Transfer-"))]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_method_that_wants_a_body_and_has_none_gets_an_empty_one(method: str) -> None:
    line, fields, _ = sent(method=method, allow_nonstandard_methods=True)
    assert line == f"{method} / HTTP/1.1"
    assert "Content-Length: 0" in fields


def test_header_fields_are_sent_as_they_are() -> None:
    headers = HTTPHeaders()
    headers.add("A", "1")
    headers.add("A", "2")
    headers["Empty"] = ""
    headers["Latin"] = "\xfc"
    headers["Host"] = "other"
    headers["Content-Length"] = "77"
    _, fields, _ = sent(method="POST", body="x", headers=headers, user_agent=b"mine")
    assert [field for field in fields if field.startswith("A:")] == ["A: 1", "A: 2"]
    assert "Empty:" in fields
    assert "Latin: \xfc" in fields
    assert "Host: other" in fields
    assert "User-Agent: mine" in fields
    assert "Content-Length: 1" in fields
    assert "Content-Length: 77" not in fields


def test_the_body_is_held_back_if_the_server_is_to_be_asked() -> None:
    _, fields, body = sent(method="POST", body="x", expect_100_continue=True)
    assert "Expect: 100-continue" in fields
    assert body == b"x"


def test_if_modified_since_and_no_decompression() -> None:
    _, fields, _ = sent(if_modified_since=1.0, decompress_response=False)
    assert "If-Modified-Since: Thu, 01 Jan 1970 00:00:01 GMT" in fields
    assert not [field for field in fields if field.startswith("Accept-Encoding")]


def test_a_url_is_put_right_before_libcurl_reads_it() -> None:
    assert sent("\xfc b?\xe9")[0] == "GET /%C3%BC%20b?%C3%A9 HTTP/1.1"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"auth_username": "a:b", "auth_password": "c"}, "Authorization: Basic YTpiOmM="),
        ({"auth_username": "a", "auth_mode": "basic"}, "Authorization: Basic YTo="),
        ({"auth_username": "u\u0308", "auth_password": ""}, "Authorization: Basic w7w6"),
    ],
)
def test_basic_authentication(options: dict[str, str], field: str) -> None:
    assert field in sent(**options)[1]


def test_credentials_of_a_url_are_used() -> None:
    async def main() -> None:
        async with curl_serving() as (server, client):
            await client.fetch(server.url.replace("//", "//ann:p%40ss@"))
            assert b"\r\nAuthorization: Basic YW5uOnBAc3M=\r\n" in server.requests[0]

    run(main())


CHALLENGE = (
    b"HTTP/1.1 %b\r\n%b-Authenticate: Digest realm=r, nonce=n, qop=auth\r\n"
    b"Content-Length: 4\r\n\r\noops"
)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_digest_authentication_sends_the_body_again(method: str) -> None:
    async def main() -> None:
        challenge = CHALLENGE % (b"401 No", b"WWW")
        async with curl_serving(challenge, HELLO) as (server, client):
            response = await client.fetch(
                server.url,
                method=method,
                body=None if method == "GET" else b"body",
                auth_username="ann",
                auth_password="secret",
                auth_mode="digest",
            )
            assert response.body == b"hello"
            assert "WWW-Authenticate" not in response.headers
            assert b'\r\nAuthorization: Digest username="ann"' in server.requests[1]
            assert b"secret" not in b"".join(server.requests)
            assert server.requests[1].endswith(b"" if method == "GET" else b"body")

    run(main())


def test_a_proxy_is_asked_with_its_credentials() -> None:
    async def main() -> None:
        challenge = CHALLENGE % (b"407 No", b"Proxy")
        async with curl_serving(HELLO, challenge, HELLO) as (proxy, client):
            options: dict[str, Any] = {"proxy_host": "127.0.0.1", "proxy_port": proxy.port}
            options |= {"proxy_username": "ann", "proxy_password": "b:c"}
            await client.fetch("http://name.invalid/path", **options)
            assert proxy.requests[0].startswith(b"GET http://name.invalid/path HTTP/1.1\r\n")
            assert b"\r\nProxy-Authorization: Basic YW5uOmI6Yw==\r\n" in proxy.requests[0]
            await client.fetch("http://name.invalid/", proxy_auth_mode="digest", **options)
            assert b'\r\nProxy-Authorization: Digest username="ann"' in proxy.requests[2]

    run(main())


def test_a_proxy_of_the_environment_counts_where_the_request_names_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        async with curl_serving() as (proxy, client):
            monkeypatch.setenv("http_proxy", proxy.url)
            monkeypatch.setenv("no_proxy", "")
            await client.fetch("http://name.invalid/")
            assert proxy.requests[0].startswith(b"GET http://name.invalid/ HTTP/1.1\r\n")

    run(main())


def test_rule_6_5_7_proxy_credentials_do_not_survive_a_request() -> None:
    async def main() -> None:
        async with curl_serving(max_clients=1) as (proxy, client):
            options: dict[str, Any] = {"proxy_host": "127.0.0.1", "proxy_port": proxy.port}
            await client.fetch("http://name.invalid/", proxy_username="ann", **options)
            await client.fetch("http://name.invalid/", **options)
            await client.fetch(proxy.url)
            assert [b"Proxy-Authorization" in request for request in proxy.requests] == [
                True,
                False,
                False,
            ]
            assert proxy.requests[2].startswith(b"GET / HTTP/1.1\r\n")

    run(main())


def test_rule_9_tunnels_through_a_proxy_are_shared_by_the_same_credentials_only() -> None:
    async def main() -> None:
        async with TunnelProxy() as proxy, SecureServer() as server:
            client = CurlAsyncHTTPClient(force_instance=True)
            options: dict[str, Any] = {"proxy_host": "127.0.0.1", "proxy_port": proxy.port}
            options |= {"ca_certs": CERTIFICATE}
            response = None
            for name in ("ann", "bob", None, "ann"):
                response = await client.fetch(server.url, proxy_username=name, **options)
            tunnels = [b"Proxy-Authorization: Basic " in head for head in proxy.seen]
            assert tunnels[:3] == [True, True, False]
            assert server.connections == len(proxy.seen)
            assert [b"Proxy-" in head for head, _ in server.seen] == [False] * 4
            assert response is not None
            assert "X-Proxy" not in response.headers
            client.close()

    run(main())


def test_certificates_are_checked_against_those_that_are_trusted() -> None:
    async def main() -> None:
        async with SecureServer() as server:
            client = CurlAsyncHTTPClient(
                force_instance=True, defaults={"prepare_curl_callback": here(server)}
            )
            with pytest.raises(CurlError) as caught:
                await client.fetch(server.url)
            assert caught.value.errno in (pycurl.E_SSL_CACERT, pycurl.E_PEER_FAILED_VERIFICATION)
            await client.fetch(server.url, validate_cert=False)
            response = await client.fetch(server.url, ca_certs=CERTIFICATE)
            assert response.time_info["appconnect"] > 0
            with pytest.raises(CurlError):  # nothing of it is left
                await client.fetch(server.url)
            client.close()

    run(main())


def test_rule_6_5_7_a_client_certificate_does_not_survive_a_request() -> None:
    async def main() -> None:
        async with SecureServer() as server:
            client = CurlAsyncHTTPClient(
                force_instance=True, defaults={"prepare_curl_callback": here(server)}
            )
            shown = {"client_cert": CERTIFICATE, "client_key": KEY}
            for options in ({}, shown, {}, shown):
                await client.fetch(server.url, ca_certs=CERTIFICATE, **options)
            assert [certificate for _, certificate in server.seen] == [False, True, False, True]
            client.close()

    run(main())


def test_rule_9_a_client_certificate_stays_at_the_origin_it_is_for() -> None:
    async def main() -> None:
        async with SecureServer() as other, SecureServer(other.url) as server:
            client = CurlAsyncHTTPClient(
                force_instance=True, defaults={"prepare_curl_callback": here(server, other)}
            )
            await client.fetch(
                server.url, ca_certs=CERTIFICATE, client_cert=CERTIFICATE, client_key=KEY
            )
            assert [certificate for _, certificate in server.seen] == [True]
            assert [certificate for _, certificate in other.seen] == [False]
            client.close()

    run(main())


def test_a_local_address_is_bound() -> None:
    async def main() -> None:
        peers: list[Any] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            peers.append(writer.get_extra_info("peername")[0])
            writer.write(HELLO)
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        client = CurlAsyncHTTPClient(force_instance=True)
        url = f"http://127.0.0.1:{port}/"
        await client.fetch(url, network_interface="127.0.0.2", allow_ipv6=False)
        assert peers == ["127.0.0.2"]
        with pytest.raises(CurlError) as caught:
            await client.fetch(url, network_interface="no such thing")
        assert caught.value.errno == pycurl.E_INTERFACE_FAILED
        client.close()
        server.close()

    run(main())


def test_time_limits_are_libcurls_and_zero_is_for_ever() -> None:
    async def main() -> None:
        async with curl_serving() as (server, client):
            await client.fetch(server.url, connect_timeout=0, request_timeout=0)
            await client.fetch(server.url, connect_timeout=1e9, request_timeout=1e9)
            server.hang = True
            for limit in (1e-9, 0.01):
                with pytest.raises(CurlError) as caught:
                    await client.fetch(server.url, request_timeout=limit)
                assert caught.value.errno == pycurl.E_OPERATION_TIMEDOUT
                assert caught.value.code == 599

    run(main())


def test_what_a_program_sets_in_its_callback_has_the_last_word_and_is_gone_afterwards() -> None:
    async def main() -> None:
        cookie = HELLO.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\n\r\n")
        async with curl_serving(cookie) as (server, client):

            def prepare(handle: Any) -> None:
                handle.setopt(pycurl.USERAGENT, "curl")
                handle.setopt(pycurl.HTTPHEADER, ["X: y"])
                handle.setopt(pycurl.COOKIEFILE, "")  # remembers cookies

            await client.fetch(server.url, prepare_curl_callback=prepare)
            await client.fetch(server.url)
            assert b"\r\nUser-Agent: curl\r\n" in server.requests[0]
            assert b"\r\nX: y\r\n" in server.requests[0]
            assert b"curl\r\n" not in server.requests[1]
            assert b"X:" not in server.requests[1]
            assert b"Cookie" not in server.requests[1]

            with pytest.raises(ZeroDivisionError):
                await client.fetch(server.url, prepare_curl_callback=lambda handle: 1 / 0)

    run(main())


REFUSED: list[Any] = [
    pytest.param({"body_producer": print, "method": "POST"}, "body_producer not supp", id="body"),
    pytest.param({"ssl_options": {}}, "ssl_options not supported", id="ssl_options"),
    pytest.param({"method": "POST"}, "Body must not be None for method POST", id="no body"),
    pytest.param({"body": "x"}, "Body must be None for method GET", id="a body"),
    pytest.param(
        {"method": "HEAD", "body": "x", "allow_nonstandard_methods": True},
        "body in a HEAD request",
        id="body of HEAD",
    ),
    pytest.param(
        {"method": "A\r\nB", "allow_nonstandard_methods": True}, "not a token", id="method"
    ),
    pytest.param({"headers": {"A": "b\r\nC: d"}}, "CR or LF", id="CRLF in a value"),
    pytest.param({"headers": {"A": "b\nC: d"}}, "CR or LF", id="LF in a value"),
    pytest.param({"headers": {"A": "b\rC: d"}}, "CR or LF", id="CR in a value"),
    pytest.param({"headers": {"A\r\nB": "c"}}, "CR or LF", id="CRLF in a name"),
    pytest.param({"headers": {"A B": "c"}}, "Illegal characters", id="space in a name"),
    pytest.param({"headers": {"A": "b\0"}}, "Illegal characters", id="NUL"),
    pytest.param({"user_agent": "a\r\nb: c"}, "CR or LF", id="user_agent"),
    pytest.param({"auth_username": "a\r\nb"}, "auth_username holds", id="auth_username"),
    pytest.param({"auth_username": "a", "auth_mode": "x"}, "Unsupported auth_mode", id="mode"),
    pytest.param({"proxy_host": "a"}, "proxy_host without proxy_port", id="no port"),
    pytest.param({"proxy_host": "a\r\n", "proxy_port": 1}, "proxy_host holds", id="proxy_host"),
    pytest.param(
        {"proxy_host": "a", "proxy_port": 1, "proxy_auth_mode": "x"},
        "Unsupported proxy_auth_mode",
        id="proxy mode",
    ),
    pytest.param({"network_interface": "a\n"}, "network_interface holds", id="interface"),
    pytest.param(
        {"method": "POST", "body": "x", "headers": {"Transfer-Encoding": "chunked"}},
        "Transfer-Encoding 'chunked' for a body of known length",
        id="two framings",
    ),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_rule_6_4_1_what_may_not_be_sent_is_refused_and_nothing_is_sent(
    options: dict[str, Any], message: str
) -> None:
    async def main() -> None:
        async with curl_serving() as (server, client):
            with pytest.raises(ValueError, match=message):
                await client.fetch(server.url, **options)
            assert server.connections == 0

    run(main())


@pytest.mark.parametrize(
    ("url", "errno"),
    [
        ("ftp://127.0.0.1/", pycurl.E_UNSUPPORTED_PROTOCOL),
        ("file:///etc/passwd", pycurl.E_UNSUPPORTED_PROTOCOL),
        ("http://127.0.0.1/\r\nX: y", pycurl.E_URL_MALFORMAT),
        ("http:///path", pycurl.E_URL_MALFORMAT),
        ("http://127.0.0.1\\@other/", pycurl.E_URL_MALFORMAT),
    ],
)
def test_a_url_that_is_none_is_refused(url: str, errno: int) -> None:
    async def main() -> None:
        async with curl_serving() as (_, client):
            with pytest.raises(CurlError) as caught:
                await client.fetch(url)
            assert caught.value.errno == errno

    run(main())


@pytest.mark.parametrize("found", [b"a\r", b"\nb", b"a\r\nb"])
def test_the_published_pattern_finds_line_breaks(found: bytes) -> None:
    search: Callable[[bytes], Any] = CR_OR_LF_RE.search
    assert search(found)
    assert not search(b"ab")


def test_empty_options_are_none_and_an_empty_proxy_is_no_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    line, fields, _ = sent(user_agent="", network_interface="", proxy_host="")
    assert line == "GET / HTTP/1.1"
    assert "User-Agent: Mozilla/5.0 (compatible; pycurl)" in fields


def test_the_fragment_stays_with_the_url_and_is_not_sent() -> None:
    async def main() -> None:
        redirect = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
        async with curl_serving(HELLO, redirect, HELLO) as (server, client):
            response = await client.fetch(server.url + "a?b#c d")
            assert response.effective_url == server.url + "a?b#c%20d"
            assert server.requests[0].startswith(b"GET /a?b HTTP/1.1\r\n")
            response = await client.fetch((server.url + "a#c").encode())  # type: ignore[arg-type]
            assert server.requests[2].startswith(b"GET /there HTTP/1.1\r\n")

    run(main())
