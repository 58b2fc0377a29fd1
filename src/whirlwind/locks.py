"""Locks for coroutines: Condition, Event, Semaphore, BoundedSemaphore, Lock.

Door: names only. They are made in ``_engine/locks.py``.
"""

from whirlwind._base.publish import publish
from whirlwind._engine.locks import (
    BoundedSemaphore,
    Condition,
    ConditionStatistics,
    Event,
    EventStatistics,
    Lock,
    LockStatistics,
    Semaphore,
    SemaphoreStatistics,
)

__all__ = [
    "BoundedSemaphore",
    "Condition",
    "ConditionStatistics",
    "Event",
    "EventStatistics",
    "Lock",
    "LockStatistics",
    "Semaphore",
    "SemaphoreStatistics",
]

publish(__name__, globals())
