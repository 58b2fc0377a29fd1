"""Room: loop, sockets, streams, processes.

Joined here: the interface ``IOLoop`` and the implementation that it stands for by default.
"""

from whirlwind._net import asyncio_loop as _asyncio_loop
from whirlwind._net.ioloop import IOLoop as _IOLoop

_IOLoop.join(
    required=_asyncio_loop.BaseAsyncIOLoop,
    default=_asyncio_loop.AsyncIOLoop,
    adopted=_asyncio_loop.AsyncIOMainLoop,
)
