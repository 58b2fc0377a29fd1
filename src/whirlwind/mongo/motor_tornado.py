"""Motor's names for programs with an ``IOLoop``.

Door: names only.
"""

from whirlwind.mongo.bulk_builder import MotorBulkOperationBuilder
from whirlwind.mongo.change_stream import MotorChangeStream
from whirlwind.mongo.client import MotorClient
from whirlwind.mongo.collection import MotorCollection
from whirlwind.mongo.command_cursor import (
    MotorCommandCursor,
    MotorLatentCommandCursor,
    MotorRawBatchCommandCursor,
)
from whirlwind.mongo.cursor import MotorCursor, MotorRawBatchCursor
from whirlwind.mongo.database import MotorDatabase
from whirlwind.mongo.encryption import MotorClientEncryption
from whirlwind.mongo.grid_bucket import MotorGridFSBucket
from whirlwind.mongo.grid_files import MotorGridFS
from whirlwind.mongo.grid_in import MotorGridIn
from whirlwind.mongo.grid_out import MotorGridOut, MotorGridOutCursor
from whirlwind.mongo.session import MotorClientSession

__all__ = [
    "MotorBulkOperationBuilder",
    "MotorChangeStream",
    "MotorClient",
    "MotorClientEncryption",
    "MotorClientSession",
    "MotorCollection",
    "MotorCommandCursor",
    "MotorCursor",
    "MotorDatabase",
    "MotorGridFS",
    "MotorGridFSBucket",
    "MotorGridIn",
    "MotorGridOut",
    "MotorGridOutCursor",
    "MotorLatentCommandCursor",
    "MotorRawBatchCommandCursor",
    "MotorRawBatchCursor",
]
