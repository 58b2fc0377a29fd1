"""A GridFS bucket for one test, on any of the servers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from whirlwind.mongo import MotorClient, MotorGridFSBucket


@asynccontextmanager
async def bucket_on(uri: str, database: str, **options: Any) -> AsyncIterator[MotorGridFSBucket]:
    """A bucket of an empty database.

    briskdb has no unique index over two fields. PyMongo makes the one of the chunks where it is
    missing, so it is made here first, without the uniqueness.
    """
    async with MotorClient(uri) as client:
        await client.drop_database(database)
        await client[database].fs.chunks.create_index([("files_id", 1), ("n", 1)])
        yield MotorGridFSBucket(client[database], **options)
