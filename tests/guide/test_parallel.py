"""Lists, dicts and nests of them, waited for in parallel.

The upstream's meetings prove it: one answers nobody before all have come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import pytest
from tests.guide.conftest import Run, Serve
from tests.support.upstream import Upstream

from whirlwind import gen
from whirlwind.httpclient import AsyncHTTPClient, HTTPError
from whirlwind.web import RequestHandler

Style = Callable[..., Any]


@gen.coroutine
def two_by_yield(url1: str, url2: str) -> Generator[Any, Any, Any]:
    http_client = AsyncHTTPClient()
    first, second = yield [http_client.fetch(url1), http_client.fetch(url2)]
    return [first.body, second.body]


async def two_by_await(url1: str, url2: str) -> list[bytes]:
    http_client = AsyncHTTPClient()
    first, second = await gen.multi([http_client.fetch(url1), http_client.fetch(url2)])
    return [first.body, second.body]


async def two_by_gather(url1: str, url2: str) -> list[bytes]:
    http_client = AsyncHTTPClient()
    first, second = await asyncio.gather(http_client.fetch(url1), http_client.fetch(url2))
    return [first.body, second.body]


@pytest.mark.parametrize("two", [two_by_yield, two_by_await, two_by_gather])
def test_a_list_of_two(two: Style, upstream: Upstream, run: Run) -> None:
    async def main() -> None:
        url = f"{upstream.url}/meet/two/2"
        assert await two(url, url) == [b"met", b"met"]
        bodies = await two(f"{upstream.url}/page/a", f"{upstream.url}/page/b")
        assert bodies == [b"<title>a</title>", b"<title>b</title>"]

    run(main())


@gen.coroutine
def many_by_yield(urls: list[str]) -> Generator[Any, Any, Any]:
    http_client = AsyncHTTPClient()
    responses = yield [http_client.fetch(url) for url in urls]
    return [response.body for response in responses]


async def many_by_await(urls: list[str]) -> list[bytes]:
    http_client = AsyncHTTPClient()
    responses = await gen.multi([http_client.fetch(url) for url in urls])
    return [response.body for response in responses]


@pytest.mark.parametrize("many", [many_by_yield, many_by_await])
def test_a_list_of_many_keeps_its_order(many: Style, upstream: Upstream, run: Run) -> None:
    async def main() -> None:
        assert await many([f"{upstream.url}/meet/many/8"] * 8) == [b"met"] * 8
        names = ["c", "a", "b", "d"]
        bodies = await many([f"{upstream.url}/page/{name}" for name in names])
        assert bodies == [f"<title>{name}</title>".encode() for name in names]
        assert await many([]) == []

    run(main())


@gen.coroutine
def dict_by_yield(urls: list[str]) -> Generator[Any, Any, Any]:
    http_client = AsyncHTTPClient()
    responses = yield {url: http_client.fetch(url) for url in urls}
    return {url: response.body for url, response in responses.items()}


async def dict_by_await(urls: list[str]) -> dict[str, bytes]:
    http_client = AsyncHTTPClient()
    responses = await gen.multi({url: http_client.fetch(url) for url in urls})
    return {url: response.body for url, response in responses.items()}


@pytest.mark.parametrize("by_url", [dict_by_yield, dict_by_await])
def test_a_dict_gives_each_result_its_key(by_url: Style, upstream: Upstream, run: Run) -> None:
    async def main() -> None:
        meetings = [f"{upstream.url}/meet/dict/3?{number}" for number in range(3)]
        assert await by_url(meetings) == dict.fromkeys(meetings, b"met")
        pages = {f"{upstream.url}/page/{name}": f"<title>{name}</title>".encode() for name in "ab"}
        assert await by_url(list(pages)) == pages

    run(main())


def test_nests_of_lists_and_dicts_wait_in_parallel_too(upstream: Upstream, run: Run) -> None:
    @gen.coroutine
    def meet() -> Generator[Any, Any, Any]:
        response = yield AsyncHTTPClient().fetch(f"{upstream.url}/meet/nested/4")
        return response.body

    async def meet_natively() -> Any:
        return await meet()

    @gen.coroutine
    def nested() -> Generator[Any, Any, Any]:
        results = yield {
            "list": [meet(), meet_natively()],
            "dict": {"one": meet(), "other": [meet()]},
        }
        return results

    async def main() -> None:
        assert await nested() == {
            "list": [b"met", b"met"],
            "dict": {"one": b"met", "other": [b"met"]},
        }

    run(main())


@pytest.mark.parametrize("two", [two_by_yield, two_by_await])
def test_the_error_of_one_is_raised(two: Style, upstream: Upstream, run: Run) -> None:
    async def main() -> None:
        with pytest.raises(HTTPError) as caught:
            await two(f"{upstream.url}/page/there", f"{upstream.url}/not-there")
        assert caught.value.code == 404

    run(main())


@pytest.mark.parametrize("style", ["yield", "await"])
def test_a_handler_fetches_many_pages_at_once(
    style: str, upstream: Upstream, serve: Serve, run: Run
) -> None:
    class ByYield(RequestHandler):
        @gen.coroutine
        def get(self) -> Generator[Any, Any, None]:
            urls = [f"{upstream.url}/meet/handler/3?{number}" for number in range(3)]
            bodies = yield dict_by_yield(urls)
            self.write(b",".join(bodies.values()))

    class ByAwait(RequestHandler):
        async def get(self) -> None:
            urls = [f"{upstream.url}/meet/handler/3?{number}" for number in range(3)]
            bodies = await dict_by_await(urls)
            self.write(b",".join(bodies.values()))

    async def main() -> None:
        async with serve([("/", ByYield if style == "yield" else ByAwait)]) as url:
            response = await AsyncHTTPClient().fetch(url)
            assert response.body == b"met,met,met"

    run(main())
