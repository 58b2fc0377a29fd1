"""The loop, under the name that it had on one kind of poller up to Tornado 5.

Door: names only. It is in ``_net/asyncio_loop.py``, and chooses its poller itself.
"""

from whirlwind._base.publish import publish
from whirlwind._net.asyncio_loop import PollIOLoop as KQueueIOLoop

__all__ = ["KQueueIOLoop"]

publish(__name__, globals())
