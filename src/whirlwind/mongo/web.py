"""Files of GridFS over HTTP.

Layer: public package ``mongo``, on the web layer.

Theory of operation
-------------------
The answer is that of ``StaticFileHandler``: a validator, conditions before ranges, one range at
most. The order in which the methods call each other is a contract, since programs override them.
Chunks go out one by one, the next is fetched when the client has room for it.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

from gridfs import NoFile

from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._web.errors import HTTPError
from whirlwind._web.handler import RequestHandler
from whirlwind._web.static.ranges import part_wanted, range_counts
from whirlwind._web.static.times import as_utc, unmodified_since
from whirlwind.mongo.database import MotorDatabase
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

    def initialize(self, database: MotorDatabase, root_collection: str = "fs") -> None:
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
            Seconds; 0, the stock answer, to say nothing about it.
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
        return stored_type(gridout) or mimetypes.guess_type(gridout.filename or path)[0]

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
        modified = as_utc(file.upload_date).replace(microsecond=0)
        self._set_file_headers(path, file, modified)
        fields = self.request.headers
        if fields.get("If-None-Match"):
            unchanged = self.check_etag_header()
        else:
            since = fields.get("If-Modified-Since")
            unchanged = since is not None and unmodified_since(since, modified)
        if unchanged:
            self.set_status(304)
            return
        size = int(file.length)
        part = None
        if "Range" in fields and range_counts(
            fields.get("If-Range"), self._headers.get("Etag"), modified
        ):
            part = part_wanted(fields["Range"], size)
        if part is not None:
            self.set_header("Content-Range", part.content_range())
            if not part.satisfiable:
                self.set_status(416)
                return
            self.set_status(206)
        start, stop = (0, size) if part is None else (part.start, part.stop)
        self.set_header("Content-Length", stop - start)
        try:
            if not include_body:
                await self.flush()
                return
            await self._send(file, start, stop - start)
        except StreamClosedError:
            return  # the client is gone: nobody to tell

    def _set_file_headers(self, path: str, file: MotorGridOut, modified: datetime) -> None:
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("Last-Modified", modified)
        self.set_etag_header()
        media_type = self.get_content_type(path, file)
        if media_type:
            self.set_header("Content-Type", media_type)
        seconds = self.get_cache_time(path, modified, media_type)
        if seconds > 0:
            self.set_header("Expires", datetime.now(UTC) + timedelta(seconds=seconds))
            self.set_header("Cache-Control", f"max-age={seconds}")
        self.set_extra_headers(path, file)

    async def _send(self, file: MotorGridOut, start: int, count: int) -> None:
        if start:
            file.seek(start)
        while count:
            chunk = await file.readchunk()
            if not chunk:
                return  # the file was shortened meanwhile, which the connection notices
            chunk = chunk[:count]
            count -= len(chunk)
            self.write(chunk)
            # The client's pace: nothing is fetched before it has taken what was sent.
            await self.flush()


def version_of(file: Any) -> str:
    """Return an entity tag for a file of GridFS, with quotes.

    A stored file is not changed, so that its ``_id``, length and date name its bytes; no byte is
    read for it.

    Args:
        file: Has ``_id``, ``length`` and ``upload_date``.
    """
    named = f"{file._id!r} {int(file.length)} {as_utc(file.upload_date).isoformat()}"
    return f'"{hashlib.sha256(named.encode()).hexdigest()}"'


def stored_type(file: Any) -> str | None:
    """Return the media type that was stored with a file; None where there is none.

    Args:
        file: Has ``content_type`` and ``metadata``, which may be None.
    """
    metadata = file.metadata if isinstance(file.metadata, dict) else {}
    for value in (file.content_type, metadata.get("contentType"), metadata.get("content_type")):
        if isinstance(value, str) and value:
            return value
    return None
