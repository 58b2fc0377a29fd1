"""What a program still holds: descriptors, timers, futures, tasks, threads; to compare by count."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


def held(loop: asyncio.AbstractEventLoop) -> dict[str, object]:
    """Count what is held.

    Returns:
        What descriptors are open; timers that are due some time; futures that nobody has
        resolved, and tasks; the names of threads.
    """
    gc.collect()
    timers = 0
    futures: Counter[str] = Counter()
    for thing in gc.get_objects():
        kind = type(thing)
        if kind is asyncio.TimerHandle:
            # One that went off is no longer in the loop's heap.
            timers += not thing.cancelled() and thing in getattr(loop, "_scheduled", ())
        elif (kind.__module__, kind.__name__) == ("uvloop.loop", "TimerHandle"):
            timers += not thing.cancelled() and thing.when() > loop.time()
        elif isinstance(thing, asyncio.Future) and not thing.done():
            futures[f"{kind.__module__}.{kind.__qualname__}"] += 1
    return {
        "descriptors": _descriptors(),
        "timers": timers,
        "futures": futures,
        "threads": Counter(
            thread.name
            for thread in threading.enumerate()
            # The pool that resolves names has as many as were ever needed at once.
            if not thread.name.startswith(("peer: ", "asyncio_"))
        ),
    }


def _descriptors() -> list[str]:
    found = []
    for name in os.listdir("/proc/self/fd"):
        # The descriptor that the folder itself was read through is closed by now.
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/self/fd/{name}"))
    return sorted(found)


@asynccontextmanager
async def nothing_is_left() -> AsyncIterator[None]:
    """Compare what is held after a block with what was before; closing may take some turns."""
    loop = asyncio.get_running_loop()
    # What a loop opens with its first stream and keeps: libuv a descriptor in reserve.
    ours, theirs = socket.socketpair()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    transport.abort()
    theirs.close()
    await loop.run_in_executor(None, int)  # and the thread that resolves names
    for _ in range(3):
        await asyncio.sleep(0)
    before = held(loop)
    yield
    for turn in range(500):
        after = held(loop)
        # Connections of an earlier crowd may be open still when it begins: each descriptor has a
        # name of its own, so one that goes hides none that stays.
        opened = Counter(after["descriptors"]) - Counter(before["descriptors"])  # type: ignore[call-overload]
        if not opened and after | {"descriptors": before["descriptors"]} == before:
            return
        # A peer in this process may have much to clear away first.
        await asyncio.sleep(0 if turn < 10 else 0.01)
    assert not opened, f"descriptors: {opened}"
    for kind in before.keys() - {"descriptors"}:
        assert after[kind] == before[kind], f"{kind}: {_more(before[kind], after[kind])}"


def _more(before: object, after: object) -> str:
    """Say what there is besides, and what is gone."""
    if isinstance(before, int):
        return f"{before} before, {after} after"
    counts = Counter(before), Counter(after)  # type: ignore[call-overload]
    return f"left {counts[1] - counts[0]}, gone {counts[0] - counts[1]}"
