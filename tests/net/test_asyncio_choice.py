"""Which asyncio loop is found, and which is made."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest
import uvloop

from whirlwind._net.asyncio_choice import current_asyncio_loop, new_asyncio_loop


def kind_in_a_new_process(code: str, **environment: str) -> str:
    """Run ``code``, then make a loop, in a fresh interpreter; returns what it printed."""
    script = (
        "import warnings; warnings.simplefilter('ignore')\n"
        f"{code}\n"
        "from whirlwind._net.asyncio_choice import new_asyncio_loop\n"
        "loop = new_asyncio_loop(); print(type(loop).__module__); loop.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


def test_a_new_loop_is_uvloop_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WHIRLWIND_LOOP", raising=False)
    loop = new_asyncio_loop()
    assert isinstance(loop, uvloop.Loop)
    loop.close()


@pytest.mark.parametrize(
    ("name", "kind"), [("asyncio", asyncio.SelectorEventLoop), ("uvloop", uvloop.Loop)]
)
def test_the_environment_decides(
    monkeypatch: pytest.MonkeyPatch, name: str, kind: type[asyncio.AbstractEventLoop]
) -> None:
    monkeypatch.setenv("WHIRLWIND_LOOP", name)
    loop = new_asyncio_loop()
    assert isinstance(loop, kind)
    loop.close()


def test_an_unknown_name_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHIRLWIND_LOOP", "libev")
    with pytest.raises(ValueError, match="WHIRLWIND_LOOP='libev': expected 'asyncio' or 'uvloop'"):
        new_asyncio_loop()


def test_without_uvloop_asyncio_steps_in() -> None:
    hide = "import sys; sys.modules['uvloop'] = None"
    assert kind_in_a_new_process(hide) == "asyncio.unix_events"
    assert "ImportError" in kind_in_a_new_process(hide, WHIRLWIND_LOOP="uvloop") or (
        "ModuleNotFoundError" in kind_in_a_new_process(hide, WHIRLWIND_LOOP="uvloop")
    )


def test_a_policy_of_the_programs_own_makes_the_loops() -> None:
    own = """
import asyncio
class Policy(asyncio.DefaultEventLoopPolicy):
    pass
asyncio.set_event_loop_policy(Policy())
"""
    assert kind_in_a_new_process(own) == "asyncio.unix_events"
    default = "import asyncio; asyncio.set_event_loop(asyncio.new_event_loop())"
    assert kind_in_a_new_process(default) == "uvloop"


def test_looking_for_a_loop_makes_none() -> None:
    assert current_asyncio_loop() is None
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(current_asyncio_loop()))
    thread.start()
    thread.join()
    assert found == [None]


def test_a_loop_that_is_set_is_found_until_it_is_closed() -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        assert current_asyncio_loop() is loop
        loop.close()
        assert current_asyncio_loop() is None
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_the_running_loop_goes_before_the_one_that_is_set() -> None:
    other = asyncio.new_event_loop()
    loop = asyncio.new_event_loop()

    async def main() -> None:
        asyncio.set_event_loop(other)
        assert current_asyncio_loop() is loop

    try:
        loop.run_until_complete(main())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
        other.close()
