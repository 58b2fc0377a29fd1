"""Small things of the operating system that are the same everywhere.

Door: names only. They are in ``_net/waker.py``.
"""

from whirlwind._base.publish import publish
from whirlwind._net.waker import Waker, try_close

__all__ = ["Waker", "try_close"]

publish(__name__, globals())
