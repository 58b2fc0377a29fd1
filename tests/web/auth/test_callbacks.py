"""Methods that can be given a callback, and what it gets."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.raw_http import run

from whirlwind._web.auth.callbacks import takes_callback, takes_callback_at_once
from whirlwind._web.auth.errors import AuthError


class Service:
    @takes_callback
    async def ask(self, what: str, more: str | None = None, **args: Any) -> Any:
        await asyncio.sleep(0)
        if what == "refuse":
            raise AuthError("refused")
        if what == "break":
            raise ValueError("broken")
        return what, more, args

    @takes_callback_at_once
    def send(self, where: str) -> None:
        if where == "nowhere":
            raise ValueError(where)


def result_of(*args: Any, **kwargs: Any) -> list[Any]:
    """What a callback is called with; ``CALLBACK`` among the arguments stands for it."""
    seen: list[Any] = []

    async def main() -> None:
        called = asyncio.Event()

        def callback(result: Any) -> None:
            seen.append(result)
            called.set()

        given = [callback if arg is CALLBACK else arg for arg in args]
        named = {name: callback if arg is CALLBACK else arg for name, arg in kwargs.items()}
        method: Any = Service().ask
        method(*given, **named)
        await called.wait()

    run(main)
    return seen


CALLBACK = object()


def test_without_a_callback_it_is_a_coroutine() -> None:
    async def main() -> None:
        assert await Service().ask("a", x=1) == ("a", None, {"x": 1})
        with pytest.raises(AuthError):
            await Service().ask("refuse")

    run(main)


def test_a_callback_may_have_any_place() -> None:
    assert result_of("a", CALLBACK) == [("a", None, {})]
    assert result_of("a", CALLBACK, "b") == [("a", "b", {})]
    assert result_of("a", "b", CALLBACK) == [("a", "b", {})]
    assert result_of("a", callback=CALLBACK, x=1) == [("a", None, {"x": 1})]


def test_an_auth_error_is_logged_and_the_callback_gets_none(logs: LogWatch) -> None:
    with logs.expect("whirlwind.general", "^refused$"):
        assert result_of("refuse", CALLBACK) == [None]


def test_any_other_error_goes_to_the_log(logs: LogWatch) -> None:
    async def main() -> None:
        method: Any = Service().ask
        future = method("break", callback=lambda result: pytest.fail("called"))
        await asyncio.wait([future])
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    with logs.expect("whirlwind.application", "called with callback="):
        run(main)


def test_a_method_that_waits_for_nothing_raises_at_once_and_calls_back_later() -> None:
    async def main() -> None:
        method: Any = Service().send
        with pytest.raises(ValueError, match="nowhere"):
            method("nowhere", callback=lambda: pytest.fail("called"))
        called = asyncio.Event()
        assert method("there", callback=called.set) is None
        assert not called.is_set()
        await called.wait()

    run(main)


def test_signatures_stay_those_of_the_interface() -> None:
    assert [*inspect.signature(Service.ask).parameters] == ["self", "what", "more", "args"]
