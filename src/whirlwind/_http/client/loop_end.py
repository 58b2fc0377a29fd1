"""Tells a client that its loop comes to an end, while there is still time to close connections.

Layer: HTTP. Standard library only.

Theory of operation
-------------------
``asyncio.run`` and its like close the asynchronous generators of their loop before they close the
loop: it is the one thing that asyncio does for those who hold something open there. So a client
leaves a generator behind that waits to be closed.

A program that drives its loop by hand calls ``close()`` and nothing else. So that method of the
loop is replaced, on this one loop, by one that runs the loop for the few turns which transports
need to close their sockets: in a loop that is closed, they cannot any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import AsyncGenerator, Callable


class LoopEnd:
    """Calls a method when the running loop is about to be closed. Made while the loop runs.

    Args:
        ended: A bound method, kept weakly; called once, on the loop, which then runs a little
            longer, so that transports can close their sockets.
    """

    def __init__(self, ended: Callable[[], None]) -> None:
        self._generator: AsyncGenerator[None, None] | None = _wait(
            weakref.WeakMethod(ended), weakref.ref(self)
        )
        _step(self._generator.__anext__())
        loop = asyncio.get_running_loop()
        if loop not in _ends:
            _ends[loop] = weakref.WeakSet()
            _replace_close(loop)
        _ends[loop].add(self)

    def forget(self) -> None:
        """Call nobody any more."""
        generator, self._generator = self._generator, None
        if generator is not None:
            _step(generator.aclose())

    def __del__(self) -> None:
        # Else the loop would be asked to close the generator, and it may not run any more.
        self.forget()

    @property
    def is_waiting(self) -> bool:
        """Whether somebody wants to know of the end, and was not told."""
        return self._generator is not None

    async def reach(self) -> None:
        """Do what there is to do at the end."""
        if self._generator is not None:
            await self._generator.aclose()

    def reached(self) -> bool:
        """Say that the end is there; True if somebody wants to know."""
        generator, self._generator = self._generator, None
        return generator is not None


async def _wait(
    ended: weakref.WeakMethod[Callable[[], None]], end: weakref.ref[LoopEnd]
) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        # Not if the client was closed, or has gone: there is no loop to wait on then.
        owner = end()
        method = ended()
        if owner is not None and owner.reached() and method is not None:
            method()
            for _ in range(3):
                await asyncio.sleep(0)


def _step(awaitable: object) -> None:
    # By hand: neither of the two waits for anything, so that no task is needed.
    try:
        awaitable.send(None)  # type: ignore[attr-defined]
    except (StopIteration, StopAsyncIteration):
        pass


_ends: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.WeakSet[LoopEnd]] = (
    weakref.WeakKeyDictionary()
)


def _replace_close(loop: asyncio.AbstractEventLoop) -> None:
    reference = weakref.ref(loop)  # the loop has the function: it must not have the loop
    replaced = getattr(loop, "__dict__", {}).get("close")

    def close() -> None:
        closing = reference()
        if closing is None:
            return
        if closing.is_running():
            type(closing).close(closing)  # which says that this is not the time for it
            return
        del closing.close
        if replaced is not None:
            closing.close = replaced  # type: ignore[method-assign]
        try:
            ends = [end for end in _ends.pop(closing, ()) if end.is_waiting]
            if ends and not closing.is_closed() and asyncio._get_running_loop() is None:
                closing.run_until_complete(_reach(ends))
        finally:
            closing.close()

    with contextlib.suppress(AttributeError):  # a loop without attributes of its own
        loop.close = close  # type: ignore[method-assign]


async def _reach(ends: list[LoopEnd]) -> None:
    for end in ends:
        await end.reach()
