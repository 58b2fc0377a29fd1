"""Names of Python 2."""

from __future__ import annotations

from whirlwind import util


def test_each_name_is_what_it_was_on_python_3() -> None:
    assert util.PY3 is True
    assert util.u("é") == "é"
    assert (util.bytes_type, util.unicode_type, util.basestring_type) == (bytes, str, str)
    assert util.is_finalizing() is False
    assert util.TimeoutError is TimeoutError
