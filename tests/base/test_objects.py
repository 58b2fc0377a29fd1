"""Attributes of dicts, imports by name, arguments by place and by name."""

from __future__ import annotations

import datetime
import doctest
import functools
import os.path
import re
import sys
import traceback
from typing import Any

import pytest

from whirlwind._base import objects
from whirlwind.util import (
    ArgReplacer,
    ObjectDict,
    errno_from_exception,
    exec_in,
    import_object,
    raise_exc_info,
    re_unescape,
    timedelta_to_seconds,
)


def test_examples_in_docstrings_hold() -> None:
    assert doctest.testmod(objects).failed == 0


def test_keys_of_an_object_dict_are_attributes() -> None:
    settings = ObjectDict(port=80)
    settings.host = "a"
    assert settings == {"port": 80, "host": "a"}
    assert settings.port == 80
    with pytest.raises(AttributeError, match="missing"):
        _ = settings.missing


def test_modules_and_what_is_in_them_are_imported_by_name() -> None:
    assert import_object("os") is os
    assert import_object("os.path") is os.path
    assert import_object("os.path.join") is os.path.join
    assert import_object("whirlwind._base.objects") is objects


@pytest.mark.parametrize("name", ["nowhere", "os.nowhere", "os.path.nowhere.x", "nowhere.x"])
def test_what_is_not_there_is_an_import_error(name: str) -> None:
    with pytest.raises(ImportError, match="nowhere"):
        import_object(name)


def takes(first: Any, callback: Any = None, *, named: Any = None) -> None:
    pass


def test_an_argument_is_found_by_place_and_by_name() -> None:
    replacer = ArgReplacer(takes, "callback")
    assert replacer.arg_pos == 1
    assert replacer.get_old_value((1, 2), {}) == 2
    assert replacer.get_old_value((1,), {"callback": 3}) == 3
    assert replacer.get_old_value((1,), {}, default=4) == 4
    assert replacer.replace("new", (1, 2), {}) == (2, [1, "new"], {})
    assert replacer.replace("new", (1,), {"callback": 3}) == (3, (1,), {"callback": "new"})
    assert replacer.replace("new", (1,), {}) == (None, (1,), {"callback": "new"})


def test_an_argument_without_a_place_goes_by_name() -> None:
    for name in ("named", "unknown"):
        replacer = ArgReplacer(takes, name)
        assert replacer.arg_pos is None
        assert replacer.replace("new", (1, 2), {}) == (None, (1, 2), {name: "new"})


def test_functions_without_code_are_looked_at_all_the_same() -> None:
    assert ArgReplacer(functools.partial(takes, 1), "callback").arg_pos == 0
    assert ArgReplacer(print, "callback").arg_pos is None
    assert ArgReplacer(dict.get, "default").arg_pos == 2


def test_the_error_number_is_where_exceptions_have_it() -> None:
    assert errno_from_exception(OSError(5, "x")) == 5
    assert errno_from_exception(ValueError(3)) == 3
    assert errno_from_exception(ValueError()) is None


def test_an_exception_is_raised_again_with_its_traceback() -> None:
    try:
        _ = 1 // 0
    except ZeroDivisionError:
        info = sys.exc_info()
    with pytest.raises(ZeroDivisionError) as caught:
        raise_exc_info(info)
    frames = [frame.line for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert "_ = 1 // 0" in frames
    info = (None, None, None)


def test_raising_no_exception_is_an_error() -> None:
    with pytest.raises(TypeError, match="no exception"):
        raise_exc_info((None, None, None))


def test_code_is_executed_in_a_namespace_without_our_future_imports() -> None:
    names: dict[str, Any] = {}
    exec_in(
        "def f(x: undefined_name_is_evaluated): pass", {"undefined_name_is_evaluated": 3}, names
    )
    assert names["f"].__annotations__ == {"x": 3}
    exec_in(compile("y = 4", "<test>", "exec"), names)
    assert names["y"] == 4


def test_re_unescape_undoes_re_escape() -> None:
    text = "".join(map(chr, range(1, 300)))
    assert re_unescape(re.escape(text)) == text


@pytest.mark.parametrize("pattern", [r"\d", r"a\1", r"\Z"])
def test_what_re_escape_never_writes_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="cannot unescape"):
        re_unescape(pattern)


def test_time_spans_are_seconds() -> None:
    assert timedelta_to_seconds(datetime.timedelta(days=1, milliseconds=500)) == 86400.5
