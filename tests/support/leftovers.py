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


def held(loop: asyncio.AbstractEventLoop) -> dict[str, Counter[str]]:
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
        "timers": Counter(timers=timers),
        "futures": futures,
        "threads": Counter(
            thread.name
            for thread in threading.enumerate()
            # The pool that resolves names has as many as were ever needed at once.
            if not thread.name.startswith(("peer: ", "asyncio_"))
        ),
    }


def _descriptors() -> Counter[str]:
    found: Counter[str] = Counter()
    for name in os.listdir("/proc/self/fd"):
        # The descriptor that the folder itself was read through is closed by now.
        with contextlib.suppress(FileNotFoundError):
            found[os.readlink(f"/proc/self/fd/{name}")] += 1
    return found


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
    left: dict[str, Counter[str]] = {}
    for turn in range(500):
        # What was there before may have gone: connections and timers of an earlier crowd.
        left = {kind: more for kind, now in held(loop).items() if (more := now - before[kind])}
        if not left:
            return
        # A peer in this process may have much to clear away first.
        await asyncio.sleep(0 if turn < 10 else 0.01)
    raise AssertionError(f"left behind: {left}")
