"""Records and live pictures of coroutines."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from tests.conftest import LogWatch

from whirlwind import gen, inspector
from whirlwind._engine.register import register

Steps = Generator[Any, Any, Any]


@gen.coroutine
def child(seconds: float) -> Steps:
    yield gen.sleep(seconds)
    return seconds


@gen.coroutine
def parent() -> Steps:
    first = yield child(0)
    both = yield [child(0), child(0)]
    return first, both


@gen.coroutine
def breaks() -> Steps:
    yield None
    raise KeyError("k")


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    assert not register.is_open
    assert inspector.live() == []


def test_a_recording_tells_who_waited_for_whom() -> None:
    async def main() -> inspector.Recording:
        with inspector.recording() as record:
            await parent()
        return record

    record = asyncio.run(main())
    by_number: dict[int, list[inspector.Event]] = {}
    for event in record.events:
        by_number.setdefault(event.coroutine, []).append(event)
    outer, *children = by_number.values()
    assert [event.kind for event in outer] == [
        *("started", "waits", "resumed", "waits", "resumed", "ended")
    ]
    assert outer[0].name == "parent"
    assert outer[0].parent is None
    assert [wait.coroutine for wait in outer[1].waits] == [children[0][0].coroutine]
    assert [wait.coroutine for wait in outer[3].waits] == [c[0].coroutine for c in children[1:]]
    for events in children:
        assert [event.kind for event in events] == ["started", "waits", "resumed", "ended"]
        assert events[0].parent == outer[0].coroutine
        assert events[1].waits == (inspector.Wait("sleep of 0 s"),)
    times = [event.time for event in record.events]
    assert times == sorted(times)
    assert outer[1].line == child.__wrapped__.__code__.co_firstlineno + 8  # type: ignore[attr-defined]


def test_an_error_is_in_the_record_and_still_counts_as_unseen_until_somebody_looks() -> None:
    async def main() -> inspector.Recording:
        with inspector.recording() as record, pytest.raises(KeyError):
            await breaks()
        return record

    last = asyncio.run(main()).events[-1]
    assert last.kind == "failed"
    assert last.error == "KeyError: 'k'"


def test_two_recordings_at_once_see_only_their_own() -> None:
    async def one() -> set[str]:
        with inspector.recording() as record:
            await parent()
        return {event.name for event in record.events}

    async def other() -> set[str]:
        with inspector.recording() as record:
            await child(0)
        return {event.name for event in record.events}

    async def main() -> list[set[str]]:
        return list(await asyncio.gather(one(), other()))

    assert asyncio.run(main()) == [{"parent", "child"}, {"child"}]


def test_the_coroutine_that_opens_a_recording_is_not_in_it() -> None:
    @gen.coroutine
    def opens() -> Steps:
        with inspector.recording() as record:
            yield child(0)
        return {event.name for event in record.events}

    async def main() -> Any:
        inspector.switch_on()
        try:
            return await opens()
        finally:
            inspector.switch_off()

    assert asyncio.run(main()) == {"child"}


def test_events_are_handed_on_as_they_happen() -> None:
    seen: list[str] = []

    async def main() -> None:
        with inspector.recording(lambda event: seen.append(event.kind)):
            waiting = child(0)
            assert seen == ["started", "waits"]
            await waiting

    asyncio.run(main())
    assert seen == ["started", "waits", "resumed", "ended"]


def test_a_recording_that_breaks_does_not_break_what_it_records(logs: LogWatch) -> None:
    def breaks(event: inspector.Event) -> None:
        raise ZeroDivisionError

    async def main() -> Any:
        with inspector.recording(breaks):
            return await child(0)

    with logs.expect("whirlwind.application", "error in a recording"):
        assert asyncio.run(main()) == 0


def test_the_tree_shows_callers_above_what_they_called_and_what_each_waits_for() -> None:
    @gen.coroutine
    def outer() -> Steps:
        yield [child(1000), gen.Task(lambda callback: None)]

    async def main() -> None:
        inspector.switch_on()
        try:
            waiting = outer()
            top, below = inspector.tree().splitlines()
            assert "outer" in top
            assert "waits for child, callback of" in top
            assert below.startswith("  child (")
            assert "waits for sleep of 1000 s" in below
            assert [entry.name.rpartition(".")[2] for entry in inspector.live()] == [
                "outer",
                "child",
            ]
            waiting.cancel()
            del waiting
        finally:
            inspector.switch_off()

    asyncio.run(main())
    gc.collect()


def test_looking_does_not_keep_a_coroutine_alive() -> None:
    async def main() -> int:
        inspector.switch_on()
        try:
            abandoned = gen.coroutine(lambda: (yield asyncio.get_running_loop().create_future()))()
            assert len(inspector.live()) == 1
            del abandoned
            gc.collect()
            return len(inspector.live())
        finally:
            inspector.switch_off()

    assert asyncio.run(main()) == 0
