"""Small things of the operating system, under the module for Unix.

Door: names only. They are in ``_net/waker.py``.
"""

from whirlwind._base.publish import publish
from whirlwind._net.waker import Waker, set_close_exec

__all__ = ["Waker", "set_close_exec"]

publish(__name__, globals())
