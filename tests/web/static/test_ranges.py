"""Range fields: what they ask for, and what is no range (RFC 9110, section 14)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from whirlwind._web.static.ranges import Part, part_wanted, range_counts


@pytest.mark.parametrize(
    ("value", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-24", 0, 25),
        ("bytes=5-", 5, 26),
        ("bytes=5-99", 5, 26),
        ("bytes=-1", 25, 26),
        ("bytes=25-25", 25, 26),
        ("Bytes = 1 -\t3 ", 1, 4),
        ("bytes=000001-2", 1, 3),
        ("bytes=1-" + "9" * 5000, 1, 26),
        ("bytes=3", 3, 26),
    ],
)
def test_one_range_is_a_part(value: str, start: int, stop: int) -> None:
    assert part_wanted(value, 26) == Part(start, stop, 26)


@pytest.mark.parametrize(
    "value",
    [None, "", "bytes=0-", "bytes=0-25", "bytes=0-1000", "bytes=-26", "bytes=-" + "9" * 5000],
)
def test_all_of_it_is_no_part(value: str | None) -> None:
    assert part_wanted(value, 26) is None


@pytest.mark.parametrize("value", ["bytes=26-", "bytes=26", "bytes=-0", "bytes=9-3"])
def test_a_range_without_a_byte_of_the_file_cannot_be_satisfied(value: str) -> None:
    part = part_wanted(value, 26)
    assert part is not None
    assert not part.satisfiable
    assert part.content_range() == "bytes */26"


def test_no_range_of_an_empty_file_can_be_satisfied() -> None:
    for value in ("bytes=0-", "bytes=0-0", "bytes=-1"):
        part = part_wanted(value, 0)
        assert part is not None, value
        assert not part.satisfiable, value


@pytest.mark.parametrize(
    "value",
    [
        "lines=1-2",
        "1-2",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=1-2,4-5",
        "bytes=1-3=5",
        # Digits only, and only those of ASCII (rule 1; CVE-2025-69225 of aiohttp).
        "bytes=+1-3",
        "bytes=1_0-2_0",
        "bytes=--3",
        "bytes=1--3",
        "bytes=0x1-3",
        "bytes=\u0663-\u0665",
        "bytes=\xb2-3",
    ],
)
def test_what_is_no_range_or_several_is_ignored(value: str) -> None:
    assert part_wanted(value, 26) is None


def test_rule_6_a_long_range_field_takes_no_longer_than_reading_it() -> None:
    # CVE-2025-62727 of Starlette: quadratic Range. A megabyte of what patterns stumble over.
    for filling in (" ", "9", "-", "0", "1-2,"):
        part_wanted("bytes=" + filling * (1_000_000 // len(filling)) + "x", 26)


ETAG = '"abc"'
MODIFIED = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("if_range", "counts"),
    [
        (None, True),
        ('"abc"', True),
        (' "abc" ', True),
        ('"abd"', False),
        ('W/"abc"', False),
        ("abc", False),
        ("Tue, 14 Nov 2023 22:13:20 GMT", True),
        ("Tue, 14 Nov 2023 22:13:21 GMT", False),
        ("Tue, 14 Nov 2023 22:13:19 GMT", False),
        ("", False),
    ],
)
def test_a_range_counts_only_for_the_file_that_the_client_knows(
    if_range: str | None, counts: bool
) -> None:
    assert range_counts(if_range, ETAG, MODIFIED) is counts


def test_a_weak_tag_of_ours_puts_no_parts_together() -> None:
    assert not range_counts('W/"abc"', 'W/"abc"', MODIFIED)
    assert not range_counts('"abc"', None, None)
    assert not range_counts("Tue, 14 Nov 2023 22:13:20 GMT", None, None)
