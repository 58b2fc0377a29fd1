"""Fetches through libcurl against a server that sends scripted bytes."""

from __future__ import annotations

import asyncio
import contextvars
import gzip
import tracemalloc
import zlib
from typing import Any

import pycurl
import pytest
from tests.conftest import LogWatch
from tests.support.curl_http import curl_serving
from tests.support.scripted_http import HELLO, ScriptedServer, run, until

from whirlwind import gen
from whirlwind._base.limits import MAX_CURL_HEADER_SIZE, MAX_INFORMATIONAL
from whirlwind._http.client.curl.streaming_buffer import StreamingBuffer
from whirlwind.curl_httpclient import CurlError
from whirlwind.httpclient import HTTPClientError

STAGES = {
    "queue",
    "namelookup",
    "connect",
    "appconnect",
    "pretransfer",
    "starttransfer",
    "total",
    "redirect",
}


def test_a_response_has_what_the_server_sent() -> None:
    async def main() -> None:
        reply = b"HTTP/1.1 200 Very Fine\r\nContent-Length: 5\r\nA: 1\r\na: 2\r\n\r\nhello"
        async with curl_serving(reply) as (server, client):
            response = await client.fetch(server.url + "path?query")
            assert (response.code, response.reason) == (200, "Very Fine")
            assert response.body == response.buffer.read() == b"hello"
            assert response.headers.get_list("A") == ["1", "2"]
            assert response.effective_url == server.url + "path?query"
            assert response.error is None
            assert set(response.time_info) == STAGES
            assert response.time_info["total"] >= response.time_info["starttransfer"] > 0
            assert response.request_time is not None
            assert response.request_time >= 0
            assert response.start_time is not None

    run(main())


@pytest.mark.parametrize("status", [b"304 Not Modified", b"404 Not Found", b"500 "])
def test_a_status_that_is_no_success_is_an_error_that_has_the_response(status: bytes) -> None:
    async def main() -> None:
        body = b"" if status.startswith(b"304") else b"sorry"
        reply = b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)
        async with curl_serving(reply) as (server, client):
            with pytest.raises(HTTPClientError) as caught:
                await client.fetch(server.url)
            assert not isinstance(caught.value, CurlError)
            assert caught.value.response is not None
            assert caught.value.response.body == body
            response = await client.fetch(server.url, raise_error=False)
            assert response.code == int(status[:3])

    run(main())


def test_a_failure_without_a_response_is_libcurls() -> None:
    async def main() -> None:
        async with curl_serving(None) as (server, client):
            with pytest.raises(CurlError) as caught:
                await client.fetch(server.url, raise_error=False)
            assert (caught.value.code, caught.value.errno) == (599, pycurl.E_GOT_NOTHING)
            answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            client.fetch(server.url, callback=answered.set_result)
            response = await answered
            assert response.code == 599
            assert response.body == b""
            assert set(response.time_info) == STAGES

    run(main())


def test_rule_7_a_body_that_is_cut_off_is_an_error() -> None:
    async def main() -> None:
        cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"
        chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
        for reply in (cut, chunk):
            async with curl_serving(reply, close=True) as (server, client):
                with pytest.raises(CurlError) as caught:
                    await client.fetch(server.url)
                assert caught.value.errno == pycurl.E_PARTIAL_FILE

    run(main())


# --- redirects ---


def redirect(location: str, status: str = "302 Found") -> bytes:
    return f"HTTP/1.1 {status}\r\nLocation: {location}\r\nContent-Length: 4\r\n\r\noops".encode()


def test_redirects_are_followed_up_to_a_number() -> None:
    async def main() -> None:
        async with curl_serving(redirect("/one"), redirect("two"), HELLO) as (server, client):
            lines: list[str] = []
            response = await client.fetch(server.url, header_callback=lines.append)
            assert response.body == b"hello"
            assert response.effective_url == server.url + "two"
            assert "Location" not in response.headers
            assert [line for line in lines if line.startswith("HTTP/")] == [
                "HTTP/1.1 302 Found\r\n",
                "HTTP/1.1 302 Found\r\n",
                "HTTP/1.1 200 OK\r\n",
            ]
            server.replies = [redirect("/again")]
            for number in (0, 2):
                before = len(server.requests)
                with pytest.raises(CurlError, match="redirects followed") as caught:
                    await client.fetch(server.url, max_redirects=number)
                assert caught.value.errno == pycurl.E_TOO_MANY_REDIRECTS
                assert len(server.requests) == before + number + 1
            response = await client.fetch(server.url, follow_redirects=False, raise_error=False)
            assert (response.code, response.body) == (302, b"oops")
            server.replies = [redirect("ftp://127.0.0.1/")]
            with pytest.raises(CurlError) as caught:
                await client.fetch(server.url)
            assert caught.value.errno == pycurl.E_UNSUPPORTED_PROTOCOL

    run(main())


@pytest.mark.parametrize(
    ("status", "method", "following"),
    [
        ("301 Moved", "POST", "GET"),
        ("302 Found", "POST", "GET"),
        ("303 See Other", "POST", "GET"),
        ("303 See Other", "PUT", "GET"),
        ("303 See Other", "HEAD", "HEAD"),
        ("307 Temporary", "POST", "POST"),
        ("308 Permanent", "PUT", "PUT"),
        ("302 Found", "PATCH", "PATCH"),
    ],
)
def test_the_method_after_a_redirect_is_the_one_of_rfc_9110(
    status: str, method: str, following: str
) -> None:
    async def main() -> None:
        first = redirect("/there", status)
        if method == "HEAD":
            first = first.removesuffix(b"oops")
        last = b"HTTP/1.1 204 No Content\r\n\r\n"
        async with curl_serving(first, last) as (server, client):
            body = b"body" if method in ("POST", "PUT", "PATCH") else None
            await client.fetch(server.url, method=method, body=body)
            request = server.requests[1]
            assert request.startswith(f"{following} /there ".encode())
            assert request.endswith(b"body") is (following in ("POST", "PUT", "PATCH"))

    run(main())


def test_rule_6_5_6_credentials_stay_at_the_origin_they_are_for() -> None:
    async def main() -> None:
        async with curl_serving() as (there, client):
            here = ScriptedServer(redirect("/same"), redirect(there.url))
            await here.start()
            options: list[dict[str, Any]] = [
                {"headers": {"Authorization": "Basic x", "Cookie": "a=b"}},
                {"auth_username": "ann", "auth_password": "b"},
            ]
            for option in options:
                here.replies = [redirect("/same"), redirect(there.url)]
                await client.fetch(here.url, **option)
            assert [b"Authorization: Basic" in request for request in here.requests] == [True] * 4
            assert b"Cookie: a=b" in here.requests[1]
            assert not [
                request
                for request in there.requests
                if b"Authorization" in request or b"Cookie" in request
            ]
            await here.stop()

    run(main())


def test_rule_9_a_secret_that_libcurl_would_take_along_stops_the_redirect() -> None:
    async def main() -> None:
        async with curl_serving() as (there, client):
            here = ScriptedServer(redirect("/same"), redirect(there.url))
            await here.start()
            with pytest.raises(CurlError, match="Proxy-Authorization along"):
                await client.fetch(here.url, headers={"Proxy-Authorization": "Basic x"})
            assert len(here.requests) == 2
            assert there.requests == []
            await here.stop()

    run(main())


# --- headers ---


def test_a_header_callback_sees_the_lines_and_trailers_are_left_out() -> None:
    async def main() -> None:
        reply = (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n"
            b"5\r\nhello\r\n0\r\nT: v\r\n\r\n"
        )
        async with curl_serving(reply) as (server, client):
            lines: list[str] = []
            response = await client.fetch(server.url, header_callback=lines.append)
            assert lines == [
                "HTTP/1.1 200 OK\r\n",
                "Transfer-Encoding: chunked\r\n",
                "Trailer: T\r\n",
                "\r\n",
            ]
            assert "T" not in response.headers
            assert response.body == b"hello"

    run(main())


@pytest.mark.parametrize(
    ("reply", "errno"),
    [
        (b"HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nna me: x\r\nContent-Length: 0\r\n\r\n", None),
        (b"nonsense\r\n\r\n", pycurl.E_UNSUPPORTED_PROTOCOL),
    ],
)
def test_a_header_that_is_none_is_an_error(reply: bytes, errno: int | None) -> None:
    async def main() -> None:
        async with curl_serving(reply, close=True) as (server, client):
            with pytest.raises(CurlError) as caught:
                await client.fetch(server.url)
            assert caught.value.errno == (errno or pycurl.E_FTP_WEIRD_SERVER_REPLY)

    run(main())


def test_rule_5_a_header_over_the_limit_is_an_error() -> None:
    async def main() -> None:
        lines = b"".join(b"X%d: %b\r\n" % (n, b"x" * 1000) for n in range(400))
        reply = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + lines + b"\r\n"
        assert len(reply) > MAX_CURL_HEADER_SIZE
        async with curl_serving(reply) as (server, client):
            with pytest.raises(CurlError):
                await client.fetch(server.url)
            server.replies = [reply[:200_000].rpartition(b"\r\n")[0] + b"\r\n\r\n"]
            assert (await client.fetch(server.url)).code == 200

    run(main())


def test_rule_5_informational_responses_have_a_limit() -> None:
    async def main() -> None:
        hint = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        async with curl_serving(hint * MAX_INFORMATIONAL + HELLO) as (server, client):
            response = await client.fetch(server.url)
            assert response.body == b"hello"
            assert "Link" not in response.headers
            server.replies = [hint * (MAX_INFORMATIONAL + 1) + HELLO]
            with pytest.raises(CurlError, match="MAX_INFORMATIONAL"):
                await client.fetch(server.url)

    run(main())


# --- bodies ---


def chunked(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (
        len(body),
        body,
    )


def compressed(body: bytes, coding: bytes = b"gzip") -> bytes:
    packed = gzip.compress(body) if coding == b"gzip" else zlib.compress(body)
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        coding,
        len(packed),
        packed,
    )


@pytest.mark.parametrize("coding", [b"gzip", b"deflate"])
def test_a_body_is_unpacked_unless_that_is_not_wanted(coding: bytes) -> None:
    async def main() -> None:
        reply = compressed(b"hello", coding)
        async with curl_serving(reply) as (server, client):
            response = await client.fetch(server.url)
            assert response.body == b"hello"
            assert response.headers["Content-Encoding"] == coding.decode()
            response = await client.fetch(server.url, decompress_response=False)
            assert response.body == reply.partition(b"\r\n\r\n")[2]

    run(main())


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(
            lambda body: HELLO.replace(b"5", b"%d" % len(body), 1)[:-5] + body, id="length"
        ),
        pytest.param(chunked, id="chunks"),
        pytest.param(compressed, id="gzip"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_rule_6_5_9_a_body_over_the_limit_is_an_error(make: Any, streamed: bool) -> None:
    async def main() -> None:
        async with curl_serving(make(b"x" * 1000), max_body_size=1000) as (server, client):
            pieces: list[bytes] = []
            options: dict[str, Any] = {"streaming_callback": pieces.append} if streamed else {}
            response = await client.fetch(server.url, **options)
            assert len(response.body + b"".join(pieces)) == 1000
            server.replies = [make(b"x" * 1001)]
            with pytest.raises(CurlError, match="max_body_size of 1000 bytes") as caught:
                await client.fetch(server.url, **options)
            assert caught.value.errno == pycurl.E_WRITE_ERROR
            await client.fetch(server.url, method="HEAD")  # announces it, and does not send it
            server.replies = [HELLO]
            assert (await client.fetch(server.url)).body == b"hello"

    run(main())


def test_a_body_is_refused_when_it_is_announced() -> None:
    async def main() -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\nx"
        async with curl_serving([head, b""], max_body_size=1000) as (server, client):
            with pytest.raises(CurlError, match="max_body_size"):
                await client.fetch(server.url, request_timeout=0)

    run(main())


def test_rule_6_5_6_a_small_body_that_unpacks_to_a_large_one_is_not_held_in_memory() -> None:
    async def main() -> None:
        async with curl_serving(compressed(bytes(60_000_000))) as (server, client):
            seen = 0

            def count(piece: bytes) -> None:
                nonlocal seen
                seen += len(piece)

            tracemalloc.start()
            try:
                await client.fetch(server.url, streaming_callback=count)
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            assert seen == 60_000_000
            assert peak < 10_000_000

    run(main())


def test_a_streaming_callback_gets_the_body_in_the_context_of_who_asked() -> None:
    async def main() -> None:
        asked: contextvars.ContextVar[str] = contextvars.ContextVar("asked")
        asked.set("here")
        async with curl_serving(chunked(b"x" * 300_000)) as (server, client):
            pieces: list[bytes] = []
            seen: set[str] = set()

            def take(piece: bytes) -> None:
                pieces.append(piece)
                seen.add(asked.get())

            response = await client.fetch(server.url, streaming_callback=take)
            assert b"".join(pieces) == b"x" * 300_000
            assert response.body == b""
            assert seen == {"here"}

    run(main())


def test_a_callback_that_returns_an_awaitable_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(StreamingBuffer, "max_buffer_size", 20_000)

    async def main() -> None:
        async with curl_serving(chunked(b"x" * 3_000_000)) as (server, client):
            gates: list[asyncio.Future[None]] = []
            size = 0

            def take(piece: bytes) -> asyncio.Future[None]:
                nonlocal size
                size += len(piece)
                gates.append(asyncio.get_running_loop().create_future())
                return gates[-1]

            fetch = client.fetch(server.url, streaming_callback=take)
            await until(lambda: bool(gates))
            for _ in range(500):
                await asyncio.sleep(0)
            assert len(gates) == 1
            while not fetch.done():
                if not gates[-1].done():
                    gates[-1].set_result(None)
                await asyncio.sleep(0)
            assert size == 3_000_000
            await fetch

    run(main())


def test_a_refusal_of_what_was_held_back_is_the_error_of_the_fetch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(StreamingBuffer, "max_buffer_size", 20_000)

    async def main() -> None:
        async with curl_serving(chunked(b"x" * 300_000), max_body_size=100_000) as (server, client):
            sizes: list[int] = []

            def take(piece: bytes) -> Any:
                sizes.append(len(piece))
                return asyncio.sleep(0)

            with pytest.raises(CurlError, match="max_body_size of 100000 bytes"):
                await client.fetch(server.url, streaming_callback=take)
            assert 0 < sum(sizes) <= 100_000
            server.replies = [HELLO]
            assert (await client.fetch(server.url)).body == b"hello"

    run(main())


def test_a_coroutine_function_as_a_callback_is_refused() -> None:
    async def native(piece: bytes) -> None:
        raise AssertionError

    @gen.coroutine
    def old(piece: bytes) -> Any:
        raise AssertionError

    async def main() -> None:
        async with curl_serving() as (server, client):
            for callback in (native, old):
                with pytest.raises(TypeError, match="does not support async streaming_callbacks"):
                    await client.fetch(server.url, streaming_callback=callback)
            assert server.connections == 0

    run(main())


def test_a_callback_that_raises_is_logged_and_one_that_was_waited_for_ends_the_fetch(
    logs: LogWatch,
) -> None:
    async def main() -> None:
        async with curl_serving() as (server, client):

            def fails(argument: object) -> None:
                raise ZeroDivisionError

            async def fails_later() -> None:
                raise ZeroDivisionError

            with logs.expect("whirlwind.application", "Exception in callback", count=3):
                response = await client.fetch(server.url, header_callback=fails)
            assert response.body == b"hello"
            with logs.expect("whirlwind.application", "Exception in callback"):
                assert (await client.fetch(server.url, streaming_callback=fails)).code == 200
            with (
                logs.expect("whirlwind.application", "Exception in callback"),
                pytest.raises(CurlError, match="a callback failed: ZeroDivisionError") as caught,
            ):
                await client.fetch(server.url, streaming_callback=lambda piece: fails_later())
            assert isinstance(caught.value.__cause__, ZeroDivisionError)

    run(main())
