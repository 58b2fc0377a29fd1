"""Our server before clients that others wrote in Python: aiohttp, httpx, requests, urllib."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import aiohttp
import httpx
import pytest
import requests
from tests.peers.application import PIECES, application
from tests.support.raw_http import run, serving

LARGE = bytes(range(256)) * 20_000
Answer = tuple[int, bytes]
#: Method, URL, body, and whether the body is sent in pieces.
Ask = Callable[[str, bytes | None, bool], Awaitable[Answer]]


def cut(body: bytes) -> Iterator[bytes]:
    for at in range(0, len(body), 100_000):
        yield body[at : at + 100_000]


async def cut_asynchronously(body: bytes) -> AsyncIterator[bytes]:
    for piece in cut(body):
        yield piece


async def with_aiohttp(url: str, body: bytes | None, pieces: bool) -> Answer:
    async with aiohttp.ClientSession() as session:
        data = None if body is None else cut_asynchronously(body) if pieces else io.BytesIO(body)
        method = "GET" if body is None else "POST"
        async with session.request(method, url, data=data) as response:
            return response.status, await response.read()


async def with_httpx(url: str, body: bytes | None, pieces: bool) -> Answer:
    async with httpx.AsyncClient(follow_redirects=True, trust_env=False) as client:
        content = cut_asynchronously(body) if pieces and body is not None else body
        response = await client.request("GET" if body is None else "POST", url, content=content)
        return response.status_code, response.content


async def with_requests(url: str, body: bytes | None, pieces: bool) -> Answer:
    def ask() -> Answer:
        with requests.Session() as session:
            data = cut(body) if pieces and body is not None else body
            response = session.request("GET" if body is None else "POST", url, data=data)
            return response.status_code, response.content

    return await asyncio.to_thread(ask)


async def with_http_client(url: str, body: bytes | None, pieces: bool) -> Answer:
    def ask() -> Answer:
        host, _, path = url.removeprefix("http://").partition("/")
        connection = http.client.HTTPConnection(host)
        try:
            data = cut(body) if pieces and body is not None else body
            method = "GET" if body is None else "POST"
            connection.request(method, f"/{path}", data, encode_chunked=pieces)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    return await asyncio.to_thread(ask)


CLIENTS: dict[str, Ask] = {
    "aiohttp": with_aiohttp,
    "httpx": with_httpx,
    "requests": with_requests,
    "http.client": with_http_client,
}


@pytest.mark.parametrize("kind", CLIENTS)
def test_all_that_they_ask_for_is_answered(kind: str) -> None:
    ask = CLIENTS[kind]

    async def main() -> None:
        async with serving(application(compress_response=True)) as running:
            url = f"http://127.0.0.1:{running.port}"
            assert await ask(f"{url}/", None, False) == (200, b"Hello")
            assert await ask(f"{url}/pieces", None, False) == (200, PIECES)
            assert await ask(f"{url}/echo", b"", False) == (200, b"")
            assert await ask(f"{url}/echo", LARGE, False) == (200, LARGE)
            if kind != "http.client":  # it says so only if its program does
                assert await ask(f"{url}/old", None, False) == (200, b"Hello")
                assert await ask(f"{url}/echo", LARGE, True) == (200, LARGE)
                assert await ask(f"{url}/count", LARGE, True) == (200, b"%d" % len(LARGE))
            assert (await ask(f"{url}/missing", None, False))[0] == 404

    run(main)


@pytest.mark.parametrize("kind", ["aiohttp", "httpx", "requests"])
def test_a_multipart_form_of_theirs_is_read(kind: str) -> None:
    async def main() -> None:
        async with serving(application()) as running:
            url = f"http://127.0.0.1:{running.port}/form"
            content = b"\r\n--" * 1000
            if kind == "aiohttp":
                form = aiohttp.FormData()
                form.add_field("name", "Ada")
                form.add_field("file", content, filename="a.bin", content_type="text/x")
                async with (
                    aiohttp.ClientSession() as session,
                    session.post(url, data=form) as response,
                ):
                    got = await response.read()
            else:

                def post() -> bytes:
                    files = {"file": ("a.bin", content, "text/x")}
                    if kind == "httpx":
                        with httpx.Client(trust_env=False) as client:
                            return client.post(url, data={"name": "Ada"}, files=files).content
                    return requests.post(url, data={"name": "Ada"}, files=files, timeout=9).content

                got = await asyncio.to_thread(post)
            assert json.loads(got) == {
                "name": "Ada",
                "filename": "a.bin",
                "type": "text/x",
                "size": 4000,
            }

    run(main)


@pytest.mark.parametrize("kind", ["aiohttp", "httpx"])
def test_a_crowd_of_requests_shares_connections(kind: str) -> None:
    async def main() -> None:
        async with serving(application()) as running:
            url = f"http://127.0.0.1:{running.port}/"
            if kind == "aiohttp":
                connector = aiohttp.TCPConnector(limit=5)
                async with aiohttp.ClientSession(connector=connector) as session:

                    async def get() -> bytes:
                        async with session.get(url) as response:
                            return await response.read()

                    bodies = await asyncio.gather(*[get() for _ in range(100)])
            else:
                limits = httpx.Limits(max_connections=5)
                async with httpx.AsyncClient(limits=limits, trust_env=False) as client:
                    answers = await asyncio.gather(*[client.get(url) for _ in range(100)])
                    bodies = [answer.content for answer in answers]
            assert set(bodies) == {b"Hello"}

    run(main)
