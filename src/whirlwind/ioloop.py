"""The event loop: callbacks, timers, file descriptors, repetition.

Door: names only. The loop is in ``_net/ioloop.py`` and ``_net/asyncio_loop.py``, repetition in
``_net/periodic.py``.
"""

from whirlwind._base.configurable import Configurable  # noqa: F401  Tornado's module has these two
from whirlwind._base.objects import import_object  # noqa: F401
from whirlwind._base.publish import publish
from whirlwind._net.asyncio_loop import PollIOLoop
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.periodic import PeriodicCallback

TimeoutError = TimeoutError

__all__ = ["IOLoop", "PeriodicCallback", "PollIOLoop", "TimeoutError"]

publish(__name__, globals())
