"""Names that asyncio's futures and policies once needed."""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import threading
from typing import Any

import pytest

import whirlwind.platform.asyncio as door
from whirlwind import gen
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.loop_policy import to_asyncio_future, to_tornado_future


def test_futures_of_either_kind_are_asyncio_futures() -> None:
    loop: IOLoop = IOLoop()

    async def main() -> list[Any]:
        @gen.coroutine
        def work() -> Any:
            yield gen.moment
            return "coroutine"

        future = asyncio.get_running_loop().create_future()
        assert to_tornado_future(future) is future
        assert to_asyncio_future(future) is future
        future.set_result("future")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            return [
                await to_asyncio_future(work()),
                await to_asyncio_future(pool.submit(str, "pool")),
                await to_asyncio_future([future]),
            ]

    assert loop.run_sync(main) == ["coroutine", "pool", ["future"]]
    loop.close()


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="policies are going")
def test_the_policy_makes_a_loop_in_any_thread() -> None:
    with pytest.warns(DeprecationWarning, match="AnyThreadEventLoopPolicy is deprecated"):
        policy = door.AnyThreadEventLoopPolicy()
    assert door.AnyThreadEventLoopPolicy is type(policy)
    found: list[object] = []

    def work() -> None:
        loop = policy.get_event_loop()
        found.append(loop is policy.get_event_loop())
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [True]


def test_other_names_are_missing_as_everywhere() -> None:
    with pytest.raises(AttributeError, match=r"'whirlwind\.platform\.asyncio' has no .* 'Nothing'"):
        door.Nothing
