"""Motor's names for programs with an asyncio event loop and no ``IOLoop``.

Only the client differs, in what ``io_loop`` and ``get_io_loop()`` are; the other classes serve
both and are the same under both names.

Door: names only.
"""

from whirlwind.mongo.bulk_builder import (
    MotorBulkOperationBuilder as AsyncIOMotorBulkOperationBuilder,
)
from whirlwind.mongo.change_stream import MotorChangeStream as AsyncIOMotorChangeStream
from whirlwind.mongo.client import AsyncIOMotorClient
from whirlwind.mongo.collection import MotorCollection as AsyncIOMotorCollection
from whirlwind.mongo.command_cursor import MotorCommandCursor as AsyncIOMotorCommandCursor
from whirlwind.mongo.command_cursor import (
    MotorLatentCommandCursor as AsyncIOMotorLatentCommandCursor,
)
from whirlwind.mongo.command_cursor import (
    MotorRawBatchCommandCursor as AsyncIOMotorRawBatchCommandCursor,
)
from whirlwind.mongo.cursor import MotorCursor as AsyncIOMotorCursor
from whirlwind.mongo.cursor import MotorRawBatchCursor as AsyncIOMotorRawBatchCursor
from whirlwind.mongo.database import MotorDatabase as AsyncIOMotorDatabase
from whirlwind.mongo.encryption import MotorClientEncryption as AsyncIOMotorClientEncryption
from whirlwind.mongo.grid_bucket import MotorGridFSBucket as AsyncIOMotorGridFSBucket
from whirlwind.mongo.grid_files import MotorGridFS as AsyncIOMotorGridFS
from whirlwind.mongo.grid_in import MotorGridIn as AsyncIOMotorGridIn
from whirlwind.mongo.grid_out import MotorGridOut as AsyncIOMotorGridOut
from whirlwind.mongo.grid_out import MotorGridOutCursor as AsyncIOMotorGridOutCursor
from whirlwind.mongo.session import MotorClientSession as AsyncIOMotorClientSession

__all__ = [
    "AsyncIOMotorBulkOperationBuilder",
    "AsyncIOMotorChangeStream",
    "AsyncIOMotorClient",
    "AsyncIOMotorClientEncryption",
    "AsyncIOMotorClientSession",
    "AsyncIOMotorCollection",
    "AsyncIOMotorCommandCursor",
    "AsyncIOMotorCursor",
    "AsyncIOMotorDatabase",
    "AsyncIOMotorGridFS",
    "AsyncIOMotorGridFSBucket",
    "AsyncIOMotorGridIn",
    "AsyncIOMotorGridOut",
    "AsyncIOMotorGridOutCursor",
    "AsyncIOMotorLatentCommandCursor",
    "AsyncIOMotorRawBatchCommandCursor",
    "AsyncIOMotorRawBatchCursor",
]
