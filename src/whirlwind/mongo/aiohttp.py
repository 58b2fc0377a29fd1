"""Files of GridFS in applications of aiohttp.

Layer: public package ``mongo``, on the web layer. Needs ``aiohttp``, which is no dependency of
whirlwind: a program that imports this is one of aiohttp's.

The answers are those of ``web.GridFSHandler``, decided in ``grid_answer``.
"""
# ruff: noqa: ARG001 - the stock functions have the arguments of those that replace them

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

# Imports are absolute: this is the library, not the module that the line stands in.
import aiohttp.web
from gridfs import NoFile

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

__all__ = ["AIOHTTPGridFS", "get_cache_time", "get_gridfs_file", "set_extra_headers"]

_METHODS: Final = ("GET", "HEAD")
_CONDITIONS: Final = ("If-None-Match", "If-Modified-Since", "If-Range", "Range")


def get_gridfs_file(
    bucket: MotorGridFSBucket, filename: str, request: aiohttp.web.Request
) -> Awaitable[MotorGridOut]:
    """Return a Future of the newest file of a name; give another function to find it otherwise.

    Args:
        bucket: The files.
        filename: What the route's ``{filename}`` matched.
        request: The request.

    Raises:
        NoFile: (from the Future) There is none, which is answered with 404.
    """
    return bucket.open_download_stream_by_name(filename)


def get_cache_time(filename: str, modified: datetime, mime_type: str | None) -> int:
    """Return how long browsers and proxies may use a file without asking again.

    Args:
        filename: What the route's ``{filename}`` matched.
        modified: When the file was stored, in UTC.
        mime_type: What the answer says it is; None if that is not known.

    Returns:
        Seconds; 0, the stock answer, to let them keep it and ask each time.
    """
    return 0


def set_extra_headers(response: aiohttp.web.StreamResponse, gridout: MotorGridOut) -> None:
    """Do nothing; give another function to set further headers of a file's answer.

    Args:
        response: The answer, of which nothing was sent yet.
        gridout: The file.
    """


class AIOHTTPGridFS:
    """Answers with files of GridFS; a handler for routes of aiohttp.

    ::

        files = AIOHTTPGridFS(client.test)
        resource = application.router.add_resource("/files/{filename}")
        resource.add_route("GET", files)
        resource.add_route("HEAD", files)

    Knows ranges, ``If-None-Match``, ``If-Modified-Since`` and ``If-Range``; a slow client slows
    the reading down. The media type is what was stored with the file: serve what strangers may
    store from a host of its own, or set another one in ``set_extra_headers``.

    Args:
        database: The ``MotorDatabase``.
        root_collection: The bucket's name.
        get_gridfs_file: As the function of this module; may be a coroutine function.
        get_cache_time: As the function of this module.
        set_extra_headers: As the function of this module.

    Raises:
        TypeError: ``database`` is no ``MotorDatabase``.
    """

    def __init__(
        self,
        database: MotorDatabase[Any],
        root_collection: str = "fs",
        get_gridfs_file: Callable[
            [MotorGridFSBucket, str, aiohttp.web.Request], Awaitable[MotorGridOut]
        ] = get_gridfs_file,
        get_cache_time: Callable[[str, datetime, str | None], float] = get_cache_time,
        set_extra_headers: Callable[
            [aiohttp.web.StreamResponse, MotorGridOut], Any
        ] = set_extra_headers,
    ) -> None:
        self._bucket = MotorGridFSBucket(database, root_collection)
        self._get_gridfs_file = get_gridfs_file
        self._get_cache_time = get_cache_time
        self._set_extra_headers = set_extra_headers
        # aiohttp warns of handlers that are no coroutine functions, as an object is not that has
        # a coroutine function for its __call__.
        if sys.version_info >= (3, 12):
            inspect.markcoroutinefunction(self)
        else:  # what asyncio.iscoroutinefunction looks for; there is no function that sets it
            self._is_coroutine = getattr(asyncio.coroutines, "_is_coroutine", None)

    async def __call__(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        """Answer a request with a file, or with a part of it.

        Raises:
            HTTPMethodNotAllowed: The method is neither GET nor HEAD.
            HTTPInternalServerError: The route has no ``{filename}``.
            HTTPNotFound: There is no such file.
        """
        if request.method not in _METHODS:
            raise aiohttp.web.HTTPMethodNotAllowed(request.method, _METHODS)
        try:
            filename = request.match_info["filename"]
        except KeyError:
            raise aiohttp.web.HTTPInternalServerError(text=_bad_route(request)) from None
        try:
            file = await self._get_gridfs_file(self._bucket, filename, request)
            await file.open()
        except NoFile:
            raise aiohttp.web.HTTPNotFound(text=request.path) from None
        async with file:
            return await self._answer(request, filename, file)

    async def _answer(
        self, request: aiohttp.web.Request, filename: str, file: MotorGridOut
    ) -> aiohttp.web.StreamResponse:
        modified, etag = modified_at(file), version_of(file)
        fields = {
            name: ", ".join(request.headers.getall(name))
            for name in _CONDITIONS
            if name in request.headers
        }
        answer = answer_to(fields, int(file.length), etag, modified)
        response = aiohttp.web.StreamResponse(status=answer.status)
        response.headers["Accept-Ranges"] = "bytes"
        response.headers["ETag"] = etag
        response.headers["Last-Modified"] = format_datetime(modified, usegmt=True)
        media_type = media_type_of(file, filename)
        if media_type:
            response.headers["Content-Type"] = media_type
        seconds = self._get_cache_time(filename, modified, media_type)
        response.headers["Cache-Control"], expires = caching(seconds, datetime.now(UTC))
        if expires is not None:
            response.headers["Expires"] = format_datetime(expires, usegmt=True)
        if answer.content_range is not None:
            response.headers["Content-Range"] = answer.content_range
        if answer.status != 304:
            response.content_length = answer.count or 0
        self._set_extra_headers(response, file)
        await response.prepare(request)
        if answer.count and request.method == "GET":
            try:
                whole = await send_part(file, answer.start, answer.count, response.write)
            except ConnectionResetError:
                whole = False  # the client is gone: nobody to tell
            if not whole:
                # The client counts on more; only the end of the connection says that none comes.
                response.force_close()
        return response


def _bad_route(request: aiohttp.web.Request) -> str:
    resource = request.match_info.route.resource
    pattern = request.path if resource is None else resource.canonical
    return f'Bad AIOHTTPGridFS route "{pattern}": it needs a "{{filename}}"'
