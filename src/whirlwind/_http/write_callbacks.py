"""``callback=`` of whatever writes, as until Tornado 5.1.

Layer: HTTP. Imports from ``_net``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from whirlwind._net.ioloop import IOLoop


def call_when_written(future: asyncio.Future[None], callback: Callable[[], object]) -> None:
    """Have a function called once something is written.

    Args:
        future: What the writing method returns.
        callback: Called without arguments, in the context of this call. If the connection closes
            first it is not called, or a program that writes the next piece in it would go on for
            ever.
    """

    def written(done: asyncio.Future[None]) -> None:
        if not done.cancelled() and done.exception() is None:
            IOLoop.current()._run_homeless(callback)

    future.add_done_callback(written)
