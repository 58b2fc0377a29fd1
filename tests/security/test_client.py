"""What past advisories of Tornado taught about HTTP clients, by the release that fixed each."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

import pytest
from tests.support.forward_proxy import fields_of
from tests.support.scripted_http import HELLO, run, serving

from whirlwind._base.limits import MAX_INFORMATIONAL
from whirlwind.httpclient import HTTPRequest
from whirlwind.simple_httpclient import HTTPStreamClosedError


@pytest.mark.parametrize("evil", ["\r\nX: y", "\nX: y", "\rX: y", "\0"])
@pytest.mark.parametrize(
    "where",
    ["header", "name", "user_agent", "method", "url", "username", "proxy", "cookie"],
)
def test_6_4_1_rule_04_nothing_of_a_request_starts_a_line(where: str, evil: str) -> None:
    async def main() -> None:
        async with serving() as (server, client):
            options: dict[str, Any] = {"allow_nonstandard_methods": True}
            url = server.url
            if where == "header":
                options["headers"] = {"A": f"b{evil}"}
            elif where == "name":
                options["headers"] = {f"A{evil}": "b"}
            elif where == "cookie":
                options["headers"] = {"Cookie": f"a=b{evil}; c=d"}
            elif where == "method":
                options["method"] = f"GET{evil}"
            elif where == "url":
                url += f"a{evil}"
            elif where == "username":
                # Basic hides what it is made of; only what shows can start a line.
                options |= {"auth_username": f"a{evil}", "auth_mode": f"b{evil}"}
            elif where == "proxy":
                options |= {"proxy_host": f"a{evil}", "proxy_port": server.port}
            else:
                options["user_agent"] = f"a{evil}"
            with pytest.raises(ValueError):
                await client.fetch(url, **options)
            assert server.connections == 0

    run(main())


def test_6_4_1_rule_04_headers_changed_after_they_were_checked_are_checked_again() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            request = HTTPRequest(server.url, headers={"A": "b"})
            await client.fetch(request)
            request.headers = {"A": "b\r\nC: d"}
            with pytest.raises(ValueError):
                await client.fetch(request)
            assert len(server.requests) == 1

    run(main())


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "Proxy-Authorization"])
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_6_5_6_rule_09_credentials_stay_with_their_origin(name: str, code: int) -> None:
    async def main() -> None:
        async with serving() as (other, _), serving() as (server, client):
            moved = f"HTTP/1.1 {code} Moved\r\nContent-Length: 0\r\nLocation: "
            server.replies = [f"{moved}{other.url}\r\n\r\n".encode()]
            await client.fetch(server.url, headers={name: "secret", "A": "b"})
            await client.fetch(server.url, auth_username="me", auth_password="secret")
            for request in other.requests:
                assert b"secret" not in request
                assert b"authorization" not in request.lower()
            assert fields_of(other.requests[0].decode())["a"] == "b"
            # Another port is another origin; the same one is not.
            back = f"{moved}{server.url}b\r\n\r\n".encode()
            server.replies = [back, HELLO]
            server.requests.clear()
            await client.fetch(server.url, headers={name: "secret"})
            kept = fields_of(server.requests[1].decode()).get(name.lower())
            assert kept == (None if name.startswith("Proxy") else "secret")

    run(main())


@pytest.mark.parametrize(
    ("reply", "rest"),
    [
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\n", b"0123456789", id="HTTP/1.0, to the end"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", b"0123456789", id="HTTP/1.1, to the end"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", b"0123456789", id="length"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n",
            id="chunks",
        ),
    ],
)
@pytest.mark.parametrize("streams", [False, True])
def test_6_5_9_rule_05_a_body_over_the_limit_is_an_error_in_every_framing(
    reply: bytes, rest: bytes, streams: bool
) -> None:
    async def main() -> None:
        pieces: list[bytes] = []
        options: dict[str, Any] = {"streaming_callback": pieces.append} if streams else {}
        async with serving(reply + rest, close=True, max_body_size=10) as (server, client):
            response = await client.fetch(server.url, **options)
            assert (b"".join(pieces) if streams else response.body) == b"0123456789"
        async with serving(reply + rest, close=True, max_body_size=9) as (server, client):
            with pytest.raises(HTTPStreamClosedError, match="max_body_size"):
                await client.fetch(server.url, **options)

    run(main())


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_6_5_9_rule_07_a_body_that_ends_with_a_reset_is_truncated(version: str) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            listening.setblocking(False)
            async with serving() as (_, client):
                fetch = client.fetch(f"http://127.0.0.1:{listening.getsockname()[1]}/")
                accepted, _ = await loop.sock_accept(listening)
                await loop.sock_recv(accepted, 65_536)
                await loop.sock_sendall(accepted, f"HTTP/{version} 200 OK\r\n\r\nhalf".encode())
                running = next(iter(client.active))
                for _ in range(100_000):
                    if running._received is not None and running._received.pieces:
                        break
                    await asyncio.sleep(0)
                # Closed with SO_LINGER of 0, a connection is reset.
                accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                accepted.close()
                with pytest.raises(HTTPStreamClosedError, match="reset in the middle"):
                    await fetch

    run(main())


@pytest.mark.parametrize("over", [0, 1])
def test_6_5_9_rule_05_interim_responses_are_counted_and_nest_nothing(over: int) -> None:
    async def main() -> None:
        interim = b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_INFORMATIONAL + over)
        async with serving(interim + HELLO) as (server, client):
            if over:
                with pytest.raises(HTTPStreamClosedError, match="1xx"):
                    await client.fetch(server.url)
            else:
                assert (await client.fetch(server.url)).body == b"hello"

    run(main())


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://h/", "ws://h/", "javascript:x", "//[", "x:y"]
)
def test_6_6_1_rule_09_a_redirect_to_another_scheme_is_an_error_and_no_wait(location: str) -> None:
    async def main() -> None:
        moved = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        async with serving(moved.encode()) as (server, client):
            with pytest.raises(ValueError):
                await client.fetch(server.url, request_timeout=0, connect_timeout=0)
            assert not client.active
            assert len(server.requests) == 1

    run(main())
