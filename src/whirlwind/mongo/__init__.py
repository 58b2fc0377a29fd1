"""MongoDB for coroutines: Motor's interface on PyMongo's asynchronous driver.

::

    from whirlwind import mongo as motor

    collection = motor.MotorClient("mongodb://localhost").test.things

    @gen.coroutine
    def names():
        cursor = collection.find().sort("name")
        while (yield cursor.fetch_next):
            print(cursor.next_object()["name"])

A program written for Motor changes one import. ``motor_tornado`` and ``motor_asyncio`` are
there under their names.

Door: names only. Needs PyMongo (the extra ``mongo``).
"""

from whirlwind.mongo import motor_asyncio, motor_tornado
from whirlwind.mongo.binding import WrongLoopError
from whirlwind.mongo.motor_tornado import (
    MotorBulkOperationBuilder,
    MotorChangeStream,
    MotorClient,
    MotorClientEncryption,
    MotorClientSession,
    MotorCollection,
    MotorCommandCursor,
    MotorCursor,
    MotorDatabase,
    MotorGridFS,
    MotorGridFSBucket,
    MotorGridIn,
    MotorGridOut,
    MotorGridOutCursor,
    MotorLatentCommandCursor,
    MotorRawBatchCommandCursor,
    MotorRawBatchCursor,
)
from whirlwind.mongo.time_limit import deadline
from whirlwind.mongo.version import get_version_string, version, version_tuple

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
    "WrongLoopError",
    "deadline",
    "get_version_string",
    "motor_asyncio",
    "motor_tornado",
    "version",
    "version_tuple",
]
