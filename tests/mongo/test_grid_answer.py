"""What a request for a file of GridFS is answered with, without a server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from whirlwind.mongo.grid_answer import (
    GridAnswer,
    answer_to,
    caching,
    hash_of,
    media_type_of,
    modified_at,
    send_part,
    stored_type,
    version_of,
)

STORED = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
DATE = "Thu, 02 Jan 2020 03:04:05 GMT"
BEFORE = "Thu, 02 Jan 2020 03:04:04 GMT"


@pytest.mark.parametrize(
    ("fields", "status", "start", "count"),
    [
        ({}, 200, 0, 10),
        ({"If-None-Match": '"tag"'}, 304, 0, None),
        ({"If-None-Match": 'W/"tag"'}, 304, 0, None),
        ({"If-None-Match": '"a", "tag"'}, 304, 0, None),
        ({"If-None-Match": "*"}, 304, 0, None),
        ({"If-None-Match": '"a"', "If-Modified-Since": DATE}, 200, 0, 10),
        ({"If-None-Match": '"tag"a'}, 200, 0, 10),
        ({"If-None-Match": "tag"}, 200, 0, 10),
        ({"If-None-Match": '"tag"', "If-Modified-Since": BEFORE}, 304, 0, None),
        ({"If-Modified-Since": DATE}, 304, 0, None),
        ({"If-Modified-Since": BEFORE}, 200, 0, 10),
        ({"If-Modified-Since": "soon"}, 200, 0, 10),
        ({"If-Modified-Since": DATE, "Range": "bytes=1-2"}, 304, 0, None),
        ({"Range": "bytes=1-2"}, 206, 1, 2),
        ({"Range": "bytes=-3"}, 206, 7, 3),
        ({"Range": "bytes=8-99"}, 206, 8, 2),
        ({"Range": "bytes=10-"}, 416, 0, None),
        ({"Range": "bytes=0-1,3-4"}, 200, 0, 10),
        ({"Range": "bytes=1-2", "If-Range": '"tag"'}, 206, 1, 2),
        ({"Range": "bytes=1-2", "If-Range": '"a"'}, 200, 0, 10),
        ({"Range": "bytes=1-2", "If-Range": 'W/"tag"'}, 200, 0, 10),
        ({"Range": "bytes=1-2", "If-Range": DATE}, 206, 1, 2),
        ({"Range": "bytes=1-2", "If-Range": BEFORE}, 200, 0, 10),
    ],
)
def test_conditions_come_before_ranges(
    fields: dict[str, str], status: int, start: int, count: int | None
) -> None:
    """RFC 9110, 13.2.2: If-None-Match first, If-Modified-Since without it only, then Range."""
    answer = answer_to(fields, 10, '"tag"', STORED)
    assert (answer.status, answer.start, answer.count) == (status, start, count)
    expected = {206: f"bytes {start}-{start + (count or 0) - 1}/10", 416: "bytes */10"}
    assert answer.content_range == expected.get(status)


def test_the_handler_may_say_itself_what_the_client_holds() -> None:
    fields = {"If-None-Match": '"tag"'}
    assert answer_to(fields, 10, '"tag"', STORED, holds=lambda: False).status == 200
    assert answer_to(fields, 10, None, STORED, holds=lambda: True) == GridAnswer(304)
    assert answer_to(fields, 10, None, STORED).status == 200


def test_without_a_time_a_file_may_be_kept_and_is_asked_for() -> None:
    assert caching(0, STORED) == ("public", None)
    assert caching(60, STORED) == ("max-age=60", STORED.replace(minute=5))


class File:
    """Chunks of four bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0

    def seek(self, place: int) -> None:
        self.place = place

    async def readchunk(self) -> bytes:
        start, self.place = self.place, (self.place // 4 + 1) * 4
        return self.data[start : self.place]


@pytest.mark.parametrize(("start", "count"), [(0, 10), (0, 4), (3, 2), (5, 5), (0, 0), (9, 1)])
def test_a_part_is_sent_in_chunks_and_no_further(start: int, count: int) -> None:
    sent: list[bytes] = []

    async def send(piece: bytes) -> None:
        assert piece
        sent.append(piece)

    data = bytes(range(10))
    assert asyncio.run(send_part(File(data), start, count, send)) is True
    assert b"".join(sent) == data[start : start + count]


def test_a_file_that_ends_early_is_said_so() -> None:
    async def send(piece: bytes) -> None:
        pass

    assert asyncio.run(send_part(File(b"12345"), 0, 10, send)) is False


def file(**changed: Any) -> SimpleNamespace:
    fields = {"_id": 1, "length": 2, "upload_date": datetime(2020, 1, 1), **changed}
    return SimpleNamespace(**fields)


def test_an_entity_tag_names_one_state_of_one_file() -> None:
    tag = version_of(file())
    assert tag == version_of(file(upload_date=datetime(2020, 1, 1, tzinfo=UTC)))
    assert tag == f'"{hash_of(file())}"'
    others = [file(_id="1"), file(length=3), file(upload_date=datetime(2020, 1, 2, tzinfo=UTC))]
    assert len({tag, *map(version_of, others)}) == 4


def test_the_date_of_a_file_has_whole_seconds_as_http_has_them() -> None:
    assert modified_at(file(upload_date=datetime(2020, 1, 1, microsecond=7))) == datetime(
        2020, 1, 1, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("content_type", "metadata", "expected"),
    [
        ("a/b", {"contentType": "c/d"}, "a/b"),
        (None, {"contentType": "c/d"}, "c/d"),
        (None, {"content_type": "e/f"}, "e/f"),
        (None, {"contentType": 5}, None),
        (None, "c/d", None),
        (None, None, None),
    ],
)
def test_the_media_type_is_where_programs_have_stored_it(
    content_type: Any, metadata: Any, expected: str | None
) -> None:
    stored = SimpleNamespace(content_type=content_type, metadata=metadata, filename="a.png")
    assert stored_type(stored) == expected
    assert media_type_of(stored, "b.txt") == (expected or "image/png")
    stored.filename = None
    assert media_type_of(stored, "b.txt") == (expected or "text/plain")
