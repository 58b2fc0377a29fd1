"""Twisted and whirlwind in one process: importing this makes Deferreds yieldable.

Door: names only. They are in ``_net/twisted.py``, and need ``twisted`` (extra ``twisted``).
"""

from whirlwind._base.publish import publish
from whirlwind._net.twisted import (
    TornadoDelayedCall,
    TornadoReactor,
    TwistedResolver,
    install,
)

__all__ = ["TornadoDelayedCall", "TornadoReactor", "TwistedResolver", "install"]

publish(__name__, globals())
