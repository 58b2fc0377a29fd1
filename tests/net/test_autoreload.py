"""Watching a program on its loop: when it is started anew, and what is called before."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from tests.conftest import LogWatch
from tests.support.raw_http import run

from whirlwind import autoreload as door
from whirlwind import web
from whirlwind._net import autoreload, worker_processes
from whirlwind._net.ioloop import IOLoop


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keep the state apart; says what would have happened to the process."""
    happened: list[str] = []
    monkeypatch.setattr(autoreload, "_watched_files", set())
    monkeypatch.setattr(autoreload, "_reload_hooks", [])
    monkeypatch.setattr(autoreload, "_reload_attempted", False)
    monkeypatch.setattr(autoreload, "_io_loops", weakref.WeakKeyDictionary())
    monkeypatch.setattr(autoreload, "start_anew", lambda: happened.append("start"))
    return happened


async def until(condition: Callable[[], Any]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def test_a_change_starts_the_program_anew_after_its_hooks(
    tmp_path: Path, started: list[str], logs: LogWatch
) -> None:
    file = tmp_path / "settings.toml"
    door.watch(file)
    door.add_reload_hook(lambda: started.append("first"))
    door.add_reload_hook(lambda: 1 / 0)
    door._reload_hooks.append(lambda: started.append("last"))

    async def main() -> None:
        door.start(1)
        file.write_text("")
        await until(lambda: "start" in started)

    with logs.expect("whirlwind.application", "Exception in reload hook"):
        run(main)
    assert started == ["first", "last", "start"]


def test_a_loop_is_watched_once(logs: LogWatch) -> None:
    async def main() -> None:
        door.start()
        door.start()
        [watching] = autoreload._io_loops.values()
        assert watching.callback_time == 500

    run(main)


def test_the_loop_may_come_first_as_in_tornado_4() -> None:
    first, second = IOLoop(make_current=False), IOLoop(make_current=False)
    try:
        door.start(first, 7)
        door.start(io_loop=second, check_time=8)
        assert autoreload._io_loops[first].callback_time == 7
        assert autoreload._io_loops[second].callback_time == 8
    finally:
        first.close()
        second.close()


def test_a_second_loop_at_the_same_time_is_told(logs: LogWatch) -> None:
    other = IOLoop(make_current=False)

    async def main() -> None:
        door.start()
        with logs.expect("whirlwind.general", "started more than once"):
            door.start(io_loop=other)

    run(main)
    other.close()


def test_a_worker_of_several_is_not_watched(
    monkeypatch: pytest.MonkeyPatch, started: list[str]
) -> None:
    watcher = mock.Mock()
    monkeypatch.setattr(worker_processes, "_task_id", 0)
    autoreload._look(watcher)
    assert started == []
    assert not watcher.mock_calls


def test_wait_needs_no_loop(tmp_path: Path, started: list[str]) -> None:
    file = tmp_path / "settings.toml"
    door.watch(file)
    made = iter([None, None, file.write_text])

    def change_later(_: float) -> None:
        write = next(made)
        if write is not None:
            write("")

    with mock.patch("time.sleep", change_later):
        door.wait()
    assert started == ["start"]


@pytest.mark.parametrize("way", ["_reload_attempted", "_reload"])
def test_programs_switch_it_off_by_private_names(
    way: str, tmp_path: Path, started: list[str]
) -> None:
    value: Any = True if way == "_reload_attempted" else lambda: None
    with mock.patch.object(door, way, value):
        watcher = mock.Mock()
        watcher.changed.return_value = "x"
        autoreload._look(watcher)
    assert started == []
    autoreload._look(watcher)
    assert started == ["start"]


@pytest.mark.parametrize(
    ("settings", "watched"),
    [
        ({"debug": True}, True),
        ({"autoreload": True}, True),
        ({"debug": True, "autoreload": False}, False),
        ({}, False),
    ],
)
def test_settings_start_it(settings: dict[str, Any], watched: bool) -> None:
    async def main() -> None:
        with mock.patch("whirlwind.autoreload.start") as start:
            web.Application([], **settings)
        assert start.called == watched

    run(main)


def test_an_application_made_before_its_loop_is_watched_on_it() -> None:
    with mock.patch("whirlwind.autoreload.start"):
        application = web.Application([], autoreload=True)

    async def main() -> None:
        server = application.listen(0, "127.0.0.1")
        assert IOLoop.current() in autoreload._io_loops
        server.stop()

    run(main)
