"""A simple fetch, in three styles, alone and in a request handler."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest
from tests.guide.conftest import Run, Serve
from tests.support.upstream import Upstream

from whirlwind import gen
from whirlwind.httpclient import AsyncHTTPClient, HTTPError
from whirlwind.web import RequestHandler

Fetch = Callable[[str], Any]


@gen.coroutine
def body_by_yield(url: str) -> Generator[Any, Any, Any]:
    response = yield AsyncHTTPClient().fetch(url)
    return response.body


async def body_by_await(url: str) -> Any:
    response = await AsyncHTTPClient().fetch(url)
    return response.body


@gen.coroutine
def body_by_raising(url: str) -> Generator[Any, Any, None]:
    http_client = AsyncHTTPClient()
    response = yield http_client.fetch(url)
    raise gen.Return(response.body)


@pytest.mark.parametrize("body_of", [body_by_yield, body_by_await, body_by_raising])
def test_a_coroutine_fetches_a_page(body_of: Fetch, upstream: Upstream, run: Run) -> None:
    async def main() -> None:
        assert await body_of(f"{upstream.url}/page/first") == b"<title>first</title>"

    run(main())


@pytest.mark.parametrize("body_of", [body_by_yield, body_by_await, body_by_raising])
def test_coroutines_of_every_style_wait_for_one_another(
    body_of: Fetch, upstream: Upstream, run: Run
) -> None:
    @gen.coroutine
    def by_yield() -> Generator[Any, Any, Any]:
        body = yield body_of(f"{upstream.url}/page/inner")
        raise gen.Return(body.upper())

    async def by_await() -> str:
        return str(await by_yield(), "ascii")

    @gen.coroutine
    def outermost() -> Generator[Any, Any, Any]:
        text = yield by_await()
        return text.title()

    async def main() -> None:
        assert await outermost() == "<Title>Inner</Title>"

    run(main())


@gen.coroutine
def status_by_yield(url: str) -> Generator[Any, Any, Any]:
    try:
        response = yield AsyncHTTPClient().fetch(url)
    except HTTPError as error:
        return error.code
    return response.code


async def status_by_await(url: str) -> Any:
    try:
        response = await AsyncHTTPClient().fetch(url)
    except HTTPError as error:
        return error.code
    return response.code


@pytest.mark.parametrize("status_of", [status_by_yield, status_by_await])
def test_what_went_wrong_is_raised_where_the_coroutine_waits(
    status_of: Fetch, upstream: Upstream, run: Run
) -> None:
    async def main() -> None:
        assert await status_of(f"{upstream.url}/page/there") == 200
        assert await status_of(f"{upstream.url}/not-there") == 404

    run(main())


@pytest.mark.parametrize("style", ["yield", "await", "raise"])
def test_a_handler_fetches_before_it_answers(
    style: str, upstream: Upstream, serve: Serve, run: Run
) -> None:
    class ByYield(RequestHandler):
        @gen.coroutine
        def get(self, name: str) -> Generator[Any, Any, None]:
            body = yield body_by_yield(f"{upstream.url}/page/{name}")
            self.write(b"fetched " + body)

    class ByAwait(RequestHandler):
        async def get(self, name: str) -> None:
            self.write(b"fetched " + await body_by_await(f"{upstream.url}/page/{name}"))

    class ByRaising(RequestHandler):
        @gen.coroutine
        def get(self, name: str) -> Generator[Any, Any, None]:
            body = yield body_by_raising(f"{upstream.url}/page/{name}")
            self.finish(b"fetched " + body)
            raise gen.Return()

    handler = {"yield": ByYield, "await": ByAwait, "raise": ByRaising}[style]

    async def main() -> None:
        async with serve([(r"/(\w+)", handler)]) as url:
            assert await body_by_await(f"{url}/news") == b"fetched <title>news</title>"
        assert upstream.seen == ["/page/news"]

    run(main())
