"""Files of GridFS over HTTP.

Layer: public package ``mongo``, on the web layer.

Theory of operation
-------------------
What is answered is decided in ``grid_answer``, as for static files: a validator, conditions before
ranges, one range at most. The order in which the methods call each other is a contract, since
programs override them.
Chunks go out one by one, the next is fetched when the client has room for it.
"""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

from gridfs import NoFile

from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._web.errors import HTTPError
from whirlwind._web.handler import RequestHandler
from whirlwind.mongo.database import MotorDatabase
from whirlwind.mongo.grid_answer import (
    answer_to,
    caching,
    media_type_of,
    modified_at,
    send_part,
    version_of,
)
from whirlwind.mongo.grid_bucket import MotorGridFSBucket
from whirlwind.mongo.grid_out import MotorGridOut

__all__ = ["GridFSHandler"]


class GridFSHandler(RequestHandler):
    """Answers with files of GridFS; the rule's pattern has one group, the file's name.

    >>> rule = (r"/files/(.*)", GridFSHandler, {"database": client.test})  # doctest: +SKIP

    Of several files of one name the newest answers. Knows ranges, ``If-None-Match``,
    ``If-Modified-Since`` and ``If-Range``; a slow client slows the reading down. The media type is
    what was stored with the file: serve what strangers may store from a host of its own, or
    override ``get_content_type``.

    Args of ``initialize``:
        database: The ``MotorDatabase``.
        root_collection: The bucket's name.
    """

    def initialize(self, database: MotorDatabase[Any], root_collection: str = "fs") -> None:
        self.database = database
        self.root_collection = root_collection

    def get_gridfs_file(
        self, bucket: MotorGridFSBucket, filename: str, request: Any
    ) -> Awaitable[MotorGridOut]:
        """Return a Future of the file to answer with; override to find it otherwise.

        Args:
            bucket: The files.
            filename: What the rule's group matched.
            request: The ``HTTPServerRequest``.

        Raises:
            NoFile: (from the Future) There is none, which is answered with 404.
        """
        return bucket.open_download_stream_by_name(filename)

    def get_cache_time(
        self,
        path: str,
        modified: datetime,
        mime_type: str | None,
    ) -> int:
        """Return how long browsers and proxies may use the file without asking again.

        Args:
            path: What the rule's group matched.
            modified: When the file was stored, in UTC.
            mime_type: What the answer says it is; None if that is not known.

        Returns:
            Seconds; 0, the stock answer, to let them keep it and ask each time.
        """
        return 0

    def set_extra_headers(self, path: str, gridout: MotorGridOut) -> None:
        """Override to set further headers of a file's answer.

        Args:
            path: What the rule's group matched.
            gridout: The file.
        """

    def get_content_type(self, path: str, gridout: MotorGridOut) -> str | None:
        """Return the media type of a file; None for what handlers start with.

        It is the one that was stored with the file, as ``contentType`` of the document or of its
        ``metadata``; else the one that its name suggests.

        Args:
            path: What the rule's group matched.
            gridout: The file.
        """
        return media_type_of(gridout, path)

    def compute_etag(self) -> str | None:
        """Return the entity tag of the file; of an answer without file, none."""
        file = getattr(self, "_gridout", None)
        return None if file is None else version_of(file)

    async def head(self, path: str) -> None:
        """Answer as ``get``, without the bytes."""
        await self.get(path, include_body=False)

    async def get(self, path: str, include_body: bool = True) -> None:
        """Answer with a file, or with a part of it.

        Args:
            path: The file's name, from the URL.
            include_body: False for the head alone.

        Raises:
            HTTPError: 404, there is none.
        """
        bucket = MotorGridFSBucket(self.database, self.root_collection)
        try:
            file = await self.get_gridfs_file(bucket, path, self.request)
            await file.open()
        except NoFile:
            raise HTTPError(404) from None
        async with file:
            self._gridout = file
            await self._answer(path, file, include_body)

    async def _answer(self, path: str, file: MotorGridOut, include_body: bool) -> None:
        modified = modified_at(file)
        self._set_file_headers(path, file, modified)
        answer = answer_to(
            self.request.headers,
            int(file.length),
            self._headers.get("Etag"),
            modified,
            holds=self.check_etag_header,
        )
        if answer.status != 200:
            self.set_status(answer.status)
        if answer.content_range is not None:
            self.set_header("Content-Range", answer.content_range)
        if answer.count is None:
            return
        self.set_header("Content-Length", answer.count)
        try:
            if not include_body:
                await self.flush()
                return
            # A file that was shortened meanwhile is a short answer, which the connection notices.
            await send_part(file, answer.start, answer.count, self._send)
        except StreamClosedError:
            return  # the client is gone: nobody to tell

    async def _send(self, piece: bytes) -> None:
        self.write(piece)
        # The client's pace: nothing is fetched before it has taken what was sent.
        await self.flush()

    def _set_file_headers(self, path: str, file: MotorGridOut, modified: datetime) -> None:
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("Last-Modified", modified)
        self.set_etag_header()
        media_type = self.get_content_type(path, file)
        if media_type:
            self.set_header("Content-Type", media_type)
        seconds = self.get_cache_time(path, modified, media_type)
        cache_control, expires = caching(seconds, datetime.now(UTC))
        self.set_header("Cache-Control", cache_control)
        if expires is not None:
            self.set_header("Expires", expires)
        self.set_extra_headers(path, file)
