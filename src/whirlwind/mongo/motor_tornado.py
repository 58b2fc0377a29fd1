"""Motor's names for programs with an ``IOLoop``.

Door: names only.
"""

from whirlwind.mongo.client import MotorClient
from whirlwind.mongo.collection import MotorCollection
from whirlwind.mongo.command_cursor import (
    MotorCommandCursor,
    MotorLatentCommandCursor,
    MotorRawBatchCommandCursor,
)
from whirlwind.mongo.cursor import MotorCursor, MotorRawBatchCursor
from whirlwind.mongo.database import MotorDatabase
from whirlwind.mongo.session import MotorClientSession

__all__ = [
    "MotorClient",
    "MotorClientSession",
    "MotorCollection",
    "MotorCommandCursor",
    "MotorCursor",
    "MotorDatabase",
    "MotorLatentCommandCursor",
    "MotorRawBatchCommandCursor",
    "MotorRawBatchCursor",
]
