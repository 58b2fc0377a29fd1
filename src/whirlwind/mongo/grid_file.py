"""What a file of GridFS that is written and one that is read have in common.

Layer: public package ``mongo``.
"""

from __future__ import annotations

import asyncio
from typing import Any

from whirlwind.mongo.blocks import NoPlainBlock
from whirlwind.mongo.collection import MotorCollection
from whirlwind.mongo.delegation import MotorObject, attribute


class GridFile(MotorObject, NoPlainBlock):
    """One file, whose operations are done one after the other.

    Args:
        collection: The ``MotorCollection`` that files and chunks are under.

    Raises:
        TypeError: It is none.
    """

    _instead = "write 'async with' for a file of GridFS, not 'with'"

    def __init__(self, collection: Any) -> None:
        if not isinstance(collection, MotorCollection):
            raise TypeError(f"collection must be a MotorCollection, not {collection!r:.40}")
        self._binding = collection._binding
        self._turn = asyncio.Lock()

    _id = attribute[Any]()
    filename = attribute[str | None]()
    name = attribute[str | None]()
    content_type = attribute[str | None]()
    length = attribute[int]()
    chunk_size = attribute[int]()
    upload_date = attribute[Any]()
    md5 = attribute[str | None]()
    closed = attribute[bool]()
