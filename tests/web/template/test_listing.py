"""The lines that tracebacks show."""

from __future__ import annotations

from whirlwind._web.template.listing import Listing, line_of
from whirlwind._web.template.nodes import File

MAIN = File("main", "one\ntwo\nthree", None)
OTHER = File("other", "1\n2", None)


def test_the_templates_own_lines_keep_their_numbers() -> None:
    listing = Listing(MAIN)
    assert listing.place(OTHER, 2, " (via main:1)") == 5
    assert listing.place(MAIN, 3, "") == 3
    assert listing.get_source().split("\n") == [
        *("one", "two", "three  # main:3"),
        *("1", "2  # other:2 (via main:1)"),
    ]


def test_a_line_that_comes_in_two_ways_is_listed_twice() -> None:
    listing = Listing(MAIN)
    places = [listing.place(OTHER, line, via) for via in ("a", "b") for line in (1, 2)]
    assert places == [4, 5, 6, 7]
    assert listing.place(OTHER, 1, "b") == 6


def test_the_way_back_leads_to_the_template() -> None:
    listing = Listing(MAIN)
    listing.place(OTHER, 1, "")
    origins = [listing.origin(line) for line in (1, 3, 4, 5, 99)]
    assert origins == [(MAIN, 1), (MAIN, 3), (OTHER, 1), (OTHER, 2), (OTHER, 2)]


def test_a_line_beyond_the_end_is_the_last_one() -> None:
    assert Listing(MAIN).place(MAIN, 9, "") == 3
    assert line_of(MAIN, 9) == "three"


def test_what_only_python_takes_for_the_end_of_a_line_is_none() -> None:
    listing = Listing(File("odd", "a\rb\x0cc\u2028d\ne", None))
    assert listing.get_source().splitlines() == ["a b c d", "e"]
