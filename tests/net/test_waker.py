"""What ``platform`` had, under all of its names."""

from __future__ import annotations

import os
import select

import pytest

from whirlwind._base.objects import import_object
from whirlwind._net.waker import Waker, set_close_exec, try_close
from whirlwind.ioloop import IOLoop


def is_readable(waker: Waker) -> bool:
    return bool(select.select([waker], [], [], 0)[0])


def test_a_waker_can_be_read_from_after_waking_until_it_is_consumed() -> None:
    waker = Waker()
    assert not is_readable(waker)
    waker.wake()
    waker.wake()
    assert is_readable(waker)
    assert waker.write_fileno() != waker.fileno()
    waker.consume()
    assert not is_readable(waker)
    waker.close()
    waker.wake()


def test_waking_never_waits_however_often() -> None:
    waker = Waker()
    for _ in range(100_000):
        waker.wake()
    waker.consume()
    assert not is_readable(waker)
    waker.close()


def test_a_descriptor_is_kept_from_children() -> None:
    reader, writer = os.pipe()
    os.set_inheritable(reader, True)
    set_close_exec(reader)
    assert not os.get_inheritable(reader)
    os.close(reader)
    os.close(writer)


def test_closing_passes_over_what_cannot_be_closed() -> None:
    with open(os.devnull) as file:
        try_close(None, file)
        assert file.closed


@pytest.mark.parametrize(
    "name", ["epoll.EPollIOLoop", "kqueue.KQueueIOLoop", "select.SelectIOLoop"]
)
def test_a_loop_can_be_configured_by_its_name_of_4_x(name: str) -> None:
    saved = IOLoop._save_configuration()
    try:
        IOLoop.configure(f"whirlwind.platform.{name}")
        loop = IOLoop(make_current=False)
        assert type(loop) is import_object("whirlwind.ioloop.PollIOLoop")
        loop.close()
    finally:
        IOLoop._restore_configuration(saved)


@pytest.mark.parametrize("module", ["auto", "interface", "posix", "windows"])
def test_every_module_of_old_has_its_names(module: str) -> None:
    assert import_object(f"whirlwind.platform.{module}.set_close_exec") is set_close_exec
