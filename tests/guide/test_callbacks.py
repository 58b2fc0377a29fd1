"""Functions that call back, waited for through gen.Task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import pytest
from tests.guide.conftest import Run, Serve
from tests.support.upstream import Upstream

from whirlwind import gen
from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.ioloop import IOLoop
from whirlwind.web import RequestHandler

Callback = Callable[..., Any]


def fetch_title(url: str, callback: Callback, *, upper: bool = False) -> None:
    """An interface from before futures: returns nothing and calls back with the title."""

    def fetched(future: asyncio.Future[Any]) -> None:
        title = future.result().body.decode().split(">")[1].split("<")[0]
        callback(title.upper() if upper else title)

    IOLoop.current().add_future(AsyncHTTPClient().fetch(url), fetched)


def fetch_status_and_body(url: str, callback: Callback) -> None:
    """Calls back with two results and a named one."""

    def fetched(future: asyncio.Future[Any]) -> None:
        response = future.result()
        callback(response.code, response.body, reason=response.reason)

    IOLoop.current().add_future(AsyncHTTPClient().fetch(url), fetched)


def refuse(url: str, callback: Callback) -> None:
    """Fails before it starts anything."""
    raise LookupError(url)


def fail_later(url: str, callback: Callback) -> None:
    """Fails on the loop, when nobody is left on the stack."""
    IOLoop.current().add_callback(refuse, url, callback)


def answer_at_once(url: str, callback: Callback) -> None:
    """Has the answer already."""
    callback(url)


@gen.coroutine
def by_yield(function: Callable[..., None], *args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
    result = yield gen.Task(function, *args, **kwargs)
    return result


async def by_await(function: Callable[..., None], *args: Any, **kwargs: Any) -> Any:
    return await gen.Task(function, *args, **kwargs)


@pytest.fixture(params=[by_yield, by_await])
def call(request: pytest.FixtureRequest) -> Callable[..., Any]:
    style: Callable[..., Any] = request.param
    return style


def test_one_result_is_what_the_task_gives(
    call: Callable[..., Any], upstream: Upstream, run: Run
) -> None:
    async def main() -> None:
        url = f"{upstream.url}/page/called"
        assert await call(fetch_title, url) == "called"
        assert await call(fetch_title, url, upper=True) == "CALLED"
        assert await call(answer_at_once, url) == url

    run(main())


def test_several_results_come_as_arguments(
    call: Callable[..., Any], upstream: Upstream, run: Run
) -> None:
    async def main() -> None:
        result = await call(fetch_status_and_body, f"{upstream.url}/page/both")
        assert isinstance(result, gen.Arguments)
        assert result.args == (200, b"<title>both</title>")
        assert result.kwargs == {"reason": "OK"}

    run(main())


@pytest.mark.parametrize("function", [refuse, fail_later])
def test_an_error_before_or_after_the_return_is_raised_where_the_coroutine_waits(
    function: Callable[..., None], call: Callable[..., Any], run: Run
) -> None:
    async def main() -> None:
        with pytest.raises(LookupError, match="nowhere"):
            await call(function, "nowhere")

    run(main())


def test_tasks_run_in_parallel(upstream: Upstream, run: Run) -> None:
    def meet(number: int, callback: Callback) -> None:
        future = AsyncHTTPClient().fetch(f"{upstream.url}/meet/tasks/{number}")
        IOLoop.current().add_future(future, lambda done: callback(done.result().body))

    @gen.coroutine
    def both() -> Generator[Any, Any, Any]:
        results = yield [gen.Task(meet, 2), gen.Task(meet, 2)]
        return results

    async def main() -> None:
        assert await both() == [b"met", b"met"]

    run(main())


def test_keys_part_starting_from_waiting(upstream: Upstream, serve: Serve, run: Run) -> None:
    class Keyed(RequestHandler):
        @gen.coroutine
        def get(self) -> Generator[Any, Any, None]:
            fetch_title(f"{upstream.url}/page/one", callback=(yield gen.Callback("first")))
            fetch_title(f"{upstream.url}/page/two", callback=(yield gen.Callback("second")))
            first = yield gen.Wait("first")
            self.write(first + " ")
            second = yield gen.Wait("second")
            self.write(second)

    async def main() -> None:
        async with serve([("/", Keyed)]) as url:
            response = await AsyncHTTPClient().fetch(url)
            assert response.body == b"one two"

    run(main())


def test_a_caller_with_a_callback_calls_a_coroutine(upstream: Upstream, run: Run) -> None:
    @gen.coroutine
    def title(url: str) -> Generator[Any, Any, Any]:
        text = yield gen.Task(fetch_title, url)
        return "title: " + text

    async def main() -> None:
        # The other way round: a coroutine function as one of the interfaces that call back.
        untyped: Any = title
        answered = asyncio.get_running_loop().create_future()
        untyped(f"{upstream.url}/page/x", callback=answered.set_result)
        assert await answered == "title: x"

    run(main())
