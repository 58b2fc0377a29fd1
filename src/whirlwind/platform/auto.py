"""Small things of the operating system, for programs of 4.x and 5.x.

Door: names only. They are in ``_net/waker.py``.
"""

from time import monotonic as monotonic_time

from whirlwind._base.publish import publish
from whirlwind._net.waker import Waker, set_close_exec

__all__ = ["Waker", "monotonic_time", "set_close_exec"]

publish(__name__, globals())
