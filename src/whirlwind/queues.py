"""Queues for coroutines: first in first out, last in first out, and by priority.

Door: names only. They are made in ``_engine/queues.py``.
"""

from whirlwind._base.publish import publish
from whirlwind._engine.queues import (
    LifoQueue,
    PriorityQueue,
    Queue,
    QueueEmpty,
    QueueFull,
    QueueStatistics,
)

__all__ = [
    "LifoQueue",
    "PriorityQueue",
    "Queue",
    "QueueEmpty",
    "QueueFull",
    "QueueStatistics",
]

publish(__name__, globals())
