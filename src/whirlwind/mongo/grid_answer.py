"""How a file of GridFS is answered with over HTTP, decided without a server.

Layer: public package ``mongo``, on the web layer.

Theory of operation
-------------------
Two handlers answer with such files, one of ours (``web``) and one of aiohttp's (``aiohttp``). What
they have in common is decided here, from header fields and from what is known of the file: the
conditions before the range, one range at most, as for static files. What a chunk is and when the
next one is fetched is the same for both; how it is sent is their own.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from whirlwind._web.etags import etag_matches
from whirlwind._web.static.ranges import part_wanted, range_counts
from whirlwind._web.static.times import as_utc, unmodified_since

_TAG: Final = re.compile(r'\*|(?:W/)?"[^"]*"')


@dataclass(frozen=True, slots=True)
class GridAnswer:
    """What a request for a file is answered with.

    Attributes:
        status: 200; 206 for a part; 304, the client has it; 416, there is no such part.
        start: Place of the first byte that is sent.
        count: How many bytes follow it; None where the answer has no body to count.
        content_range: The value of Content-Range; None for none.
    """

    status: int
    start: int = 0
    count: int | None = None
    content_range: str | None = None


def answer_to(
    fields: Mapping[str, str],
    size: int,
    etag: str | None,
    modified: datetime,
    holds: Callable[[], bool] | None = None,
) -> GridAnswer:
    """Decide what a GET or HEAD request for a file is answered with.

    Args:
        fields: The request's header fields, whatever the case of their names.
        size: The file's size in bytes.
        etag: Its entity tag, with quotes; None for none.
        modified: When it was stored, in UTC, whole seconds.
        holds: Says whether the client's If-None-Match names the file; None to compare with
            ``etag``.

    Source: RFC 9110, sections 13.2.2 (which condition goes first) and 14.2.
    """
    held = fields.get("If-None-Match")
    since = fields.get("If-Modified-Since")
    if held:
        # What is no list of tags names nothing, and the client gets the file.
        unchanged = not _TAG.sub("", held).strip(" \t,") and (
            etag_matches(etag or "", held) if holds is None else holds()
        )
    else:
        unchanged = since is not None and unmodified_since(since, modified)
    if unchanged:
        return GridAnswer(304)
    part = None
    if "Range" in fields and range_counts(fields.get("If-Range"), etag, modified):
        part = part_wanted(fields["Range"], size)
    if part is None:
        return GridAnswer(200, 0, size)
    if not part.satisfiable:
        return GridAnswer(416, content_range=part.content_range())
    return GridAnswer(206, part.start, part.stop - part.start, part.content_range())


def caching(seconds: float, now: datetime) -> tuple[str, datetime | None]:
    """Return the value of Cache-Control, and the date for Expires or None.

    Args:
        seconds: How long the file may be used without asking again; 0 or less for not at all:
            it may be kept, and is asked for with its conditions.
        now: The time, in UTC.
    """
    if seconds > 0:
        return f"max-age={seconds}", now + timedelta(seconds=seconds)
    return "public", None


def modified_at(file: Any) -> datetime:
    """Return when a file was stored, in UTC, in whole seconds as HTTP has them.

    Args:
        file: Has ``upload_date``.
    """
    return as_utc(file.upload_date).replace(microsecond=0)


async def send_part(
    file: Any, start: int, count: int, send: Callable[[bytes], Awaitable[None]]
) -> bool:
    """Hand on a part of a file, a chunk at a time; the next is fetched when one was taken.

    Args:
        file: A ``MotorGridOut`` from which nothing was read.
        start: Place of the first byte.
        count: How many bytes.
        send: Takes a piece, and is done when the client has room for more.

    Returns:
        False if the file was shortened meanwhile and ended before.
    """
    if start:
        file.seek(start)
    while count:
        chunk = await file.readchunk()
        if not chunk:
            return False
        chunk = chunk[:count]
        count -= len(chunk)
        await send(chunk)
    return True


def hash_of(file: Any) -> str:
    """Return what names the bytes of a file, as 64 hexadecimal digits.

    A stored file is not changed, so that its ``_id``, length and date do; no byte is read.

    Args:
        file: Has ``_id``, ``length`` and ``upload_date``.
    """
    named = f"{file._id!r} {int(file.length)} {as_utc(file.upload_date).isoformat()}"
    return hashlib.sha256(named.encode()).hexdigest()


def version_of(file: Any) -> str:
    """Return an entity tag for a file of GridFS, with quotes.

    Args:
        file: As for ``hash_of``.
    """
    return f'"{hash_of(file)}"'


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


def media_type_of(file: Any, path: str) -> str | None:
    """Return the media type that was stored, else the one that the name suggests; None for none.

    Args:
        file: As for ``stored_type``, with ``filename``, which may be None.
        path: What it was asked for under, where it has no name.
    """
    return stored_type(file) or mimetypes.guess_type(file.filename or path)[0]
