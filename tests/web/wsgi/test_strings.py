"""The strings of WSGI."""

from __future__ import annotations

import pytest

from whirlwind.wsgi import from_wsgi_str, to_wsgi_str


def test_each_byte_is_the_character_of_its_number() -> None:
    every = bytes(range(256))
    assert [ord(character) for character in to_wsgi_str(every)] == [*range(256)]
    assert from_wsgi_str(to_wsgi_str(every)) == every


def test_other_characters_stand_for_no_byte() -> None:
    with pytest.raises(UnicodeEncodeError):
        from_wsgi_str("\u0100")
