"""Live pictures of what every coroutine waits for.

Public package. ``recording()`` keeps a record of what the coroutines of one request, or one run,
do; ``live()`` and ``tree()`` show every coroutine of the process, once ``switch_on()`` was called.
"""

from whirlwind._base.publish import publish
from whirlwind._engine.register import Entry, Wait
from whirlwind.inspector.live import live, switch_off, switch_on, tree
from whirlwind.inspector.recording import Event, Recording, recording

__all__ = [
    "Entry",
    "Event",
    "Recording",
    "Wait",
    "live",
    "recording",
    "switch_off",
    "switch_on",
    "tree",
]

publish(__name__, globals())
