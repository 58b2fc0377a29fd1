"""Blocking functions on pools of threads and processes."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any
from urllib.request import ProxyHandler, build_opener

import pytest
from tests.guide.conftest import Run, Serve
from tests.support.upstream import Upstream

from whirlwind import gen
from whirlwind.concurrent import run_on_executor
from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.ioloop import IOLoop
from whirlwind.web import RequestHandler

direct = build_opener(ProxyHandler({}))


def blocking_fetch(url: str) -> bytes:
    """Block the calling thread until the page is there."""
    with direct.open(url) as response:
        body: bytes = response.read()
    return body


@pytest.fixture
def thread_pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@gen.coroutine
def by_yield(pool: ThreadPoolExecutor, url: str) -> Generator[Any, Any, Any]:
    blocking = pool.submit(blocking_fetch, url)
    response = yield AsyncHTTPClient().fetch(url)
    body = yield blocking
    return [body, response.body]


async def by_await(pool: ThreadPoolExecutor, url: str) -> list[bytes]:
    blocking = IOLoop.current().run_in_executor(pool, blocking_fetch, url)
    response = await AsyncHTTPClient().fetch(url)
    return [await blocking, response.body]


@pytest.mark.parametrize("call", [by_yield, by_await])
def test_the_loop_goes_on_while_a_thread_blocks(
    call: Callable[..., Any], thread_pool: ThreadPoolExecutor, upstream: Upstream, run: Run
) -> None:
    # The upstream answers neither before it has both requests: one comes from a thread that
    # blocks, the other from the loop.
    async def main() -> None:
        answers = await call(thread_pool, f"{upstream.url}/meet/threads/2")
        assert answers == [b"met", b"met"]

    run(main())


def test_a_list_of_pool_futures_alone_wakes_an_idle_loop(
    thread_pool: ThreadPoolExecutor, upstream: Upstream, run: Run
) -> None:
    @gen.coroutine
    def all_at_once() -> Generator[Any, Any, Any]:
        url = f"{upstream.url}/meet/idle/3"
        bodies = yield [thread_pool.submit(blocking_fetch, url) for _ in range(3)]
        return bodies

    async def main() -> None:
        assert await all_at_once() == [b"met"] * 3

    run(main())


def test_an_error_in_a_thread_is_raised_where_the_coroutine_waits(
    thread_pool: ThreadPoolExecutor, run: Run
) -> None:
    @gen.coroutine
    def divide() -> Generator[Any, Any, Any]:
        try:
            yield thread_pool.submit(lambda: 1 // 0)
        except ZeroDivisionError:
            return "caught"
        return "not raised"

    async def main() -> None:
        assert await divide() == "caught"

    run(main())


def test_a_handler_blocks_a_thread_of_its_executor(
    thread_pool: ThreadPoolExecutor, upstream: Upstream, serve: Serve, run: Run
) -> None:
    class Blocking(RequestHandler):
        executor = thread_pool

        @run_on_executor
        def fetch(self, name: str) -> tuple[bytes, bool]:
            body = blocking_fetch(f"{upstream.url}/page/{name}")
            return body, threading.current_thread() is threading.main_thread()

        @gen.coroutine
        def get(self, name: str) -> Generator[Any, Any, None]:
            body, in_main_thread = yield self.fetch(name)
            self.write({"body": body.decode(), "in_main_thread": in_main_thread})

    async def main() -> None:
        async with serve([(r"/(\w+)", Blocking)]) as url:
            response = await AsyncHTTPClient().fetch(f"{url}/blocked")
            assert b"<title>blocked<" in response.body.replace(b"\\/", b"/")
            assert b'"in_main_thread": false' in response.body

    run(main())


@pytest.mark.slow
def test_processes_compute_and_the_coroutine_waits(run: Run) -> None:
    @gen.coroutine
    def processes(pool: ProcessPoolExecutor) -> Generator[Any, Any, Any]:
        power = yield pool.submit(pow, 3, 4)
        where = yield [pool.submit(os.getpid), pool.submit(os.getppid)]
        both = yield {"max": pool.submit(max, 1, 2), "min": pool.submit(min, 1, 2)}
        try:
            yield pool.submit(int, "x")
        except ValueError:
            return power, where, both
        return None

    async def main() -> None:
        # A process that has threads must not be forked.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            power, (pid, parent), both = await processes(pool)
        assert power == 81
        assert pid != os.getpid()
        assert parent == os.getpid()
        assert both == {"max": 2, "min": 1}

    run(main())
