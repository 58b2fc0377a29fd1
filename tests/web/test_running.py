"""What a handler waits for, taken apart; whole handlers are run in the other files."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any

import pytest
from tests.support.loops import run

from whirlwind import gen
from whirlwind._web.running import _outcome, as_future


def in_loop(story: Coroutine[Any, Any, None]) -> None:
    run(story, asyncio.SelectorEventLoop)


def test_a_future_has_a_value_or_an_exception() -> None:
    async def main() -> None:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.set_result(17)
        assert _outcome(future) == (17, None)
        future = asyncio.get_running_loop().create_future()
        error = ValueError()
        future.set_exception(error)
        assert _outcome(future) == (None, error)
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        value, cancelled = _outcome(future)
        assert value is None
        assert isinstance(cancelled, asyncio.CancelledError)

    in_loop(main())


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_what_ends_the_program_is_no_outcome(error: type[BaseException]) -> None:
    async def main() -> None:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.set_exception(error())
        with pytest.raises(error):
            _outcome(future)

    in_loop(main())


def test_whatever_can_be_awaited_becomes_a_future() -> None:
    class Awaitable:
        def __await__(self) -> Any:
            yield from asyncio.sleep(0).__await__()
            return "object"

    async def native() -> str:
        return "native"

    @gen.coroutine
    def generator() -> Any:
        yield gen.moment
        return "generator"

    async def main() -> None:
        context = contextvars.copy_context()
        assert await as_future(native(), context) == "native"
        assert await as_future(Awaitable(), contextvars.copy_context()) == "object"
        future = generator()
        assert as_future(future, context) is future
        assert await future == "generator"
        with pytest.raises(TypeError, match="expected None or something to wait for"):
            as_future(17, context)

    in_loop(main())
