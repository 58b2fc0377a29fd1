"""The names that programs take from ``motor.core``, most of them for annotations.

A program that serves ``motor_tornado`` and ``motor_asyncio`` alike annotates with these.

Door: names only.
"""

from whirlwind.mongo.base_cursor import MotorBaseCursor as AgnosticBaseCursor
from whirlwind.mongo.change_stream import MotorChangeStream as AgnosticChangeStream
from whirlwind.mongo.client import MotorClient as AgnosticClient
from whirlwind.mongo.collection import MotorCollection as AgnosticCollection
from whirlwind.mongo.command_cursor import MotorCommandCursor as AgnosticCommandCursor
from whirlwind.mongo.command_cursor import MotorLatentCommandCursor as AgnosticLatentCommandCursor
from whirlwind.mongo.command_cursor import (
    MotorRawBatchCommandCursor as AgnosticRawBatchCommandCursor,
)
from whirlwind.mongo.cursor import MotorCursor as AgnosticCursor
from whirlwind.mongo.cursor import MotorRawBatchCursor as AgnosticRawBatchCursor
from whirlwind.mongo.database import MotorDatabase as AgnosticDatabase
from whirlwind.mongo.delegation import MotorObject as AgnosticBase
from whirlwind.mongo.encryption import MotorClientEncryption as AgnosticClientEncryption
from whirlwind.mongo.session import MotorClientSession as AgnosticClientSession

__all__ = [
    "AgnosticBase",
    "AgnosticBaseCursor",
    "AgnosticChangeStream",
    "AgnosticClient",
    "AgnosticClientEncryption",
    "AgnosticClientSession",
    "AgnosticCollection",
    "AgnosticCommandCursor",
    "AgnosticCursor",
    "AgnosticDatabase",
    "AgnosticLatentCommandCursor",
    "AgnosticRawBatchCommandCursor",
    "AgnosticRawBatchCursor",
]
