"""Tells a client that its loop comes to an end, while there is still time to close connections.

Layer: HTTP. Standard library only.

Theory of operation
-------------------
``asyncio.run`` and its like close the asynchronous generators of their loop before they close the
loop: it is the one thing that asyncio does for those who hold something open there. So a client
leaves a generator behind that waits to be closed.
"""

from __future__ import annotations

import asyncio
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

    def forget(self) -> None:
        """Call nobody any more."""
        generator, self._generator = self._generator, None
        if generator is not None:
            _step(generator.aclose())

    def __del__(self) -> None:
        # Else the loop would be asked to close the generator, and it may not run any more.
        self.forget()

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
