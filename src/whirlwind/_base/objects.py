"""Small tools for objects, classes and functions as such.

Layer: base. Imports from within ``_base`` only.
"""

from __future__ import annotations

import datetime
import importlib
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, NoReturn

from whirlwind._base.late_pattern import late_pattern

_ESCAPED: Final = late_pattern(r"\\(.)", re.DOTALL)


class ObjectDict(dict[str, Any]):
    """A dict whose string keys are attributes as well.

    For namespaces that templates and settings hand around; for data of a fixed shape a
    dataclass serves better.

    Raises:
        AttributeError: The key read as an attribute is missing.
    """

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


def import_object(name: str) -> Any:
    """Import what a dotted name stands for, a module or something in one.

    Args:
        name: ``"whirlwind.escape"``, ``"whirlwind.escape.utf8"`` or a top-level module.

    Returns:
        The module, or the attribute of the module that the last part names.

    Raises:
        ImportError: There is no such module, or no such name in it.
    """
    parent, _, last = name.rpartition(".")
    if not parent:
        return importlib.import_module(name)
    module = importlib.import_module(parent)
    if not hasattr(module, last):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise  # the module is there, and something that it imports is not
            raise ImportError(f"No module named {last}", name=name) from None
    return getattr(module, last)


class ArgReplacer:
    """Reads and replaces one argument of a call, whether given by place or by name.

    For decorators that take over an argument of the function they wrap.

    Args:
        func: The function that is going to be called.
        name: The argument's name in the signature of ``func``, or a keyword-only name.

    Attributes:
        name: As given.
        arg_pos: The argument's place among the positional ones, from 0; None if it can only be
            given by name.
    """

    def __init__(self, func: Callable[..., Any], name: str) -> None:
        self.name = name
        self.arg_pos: int | None = None
        places = _positional_names(func)
        if name in places:
            self.arg_pos = places.index(name)

    def get_old_value(
        self, args: Sequence[Any], kwargs: dict[str, Any], default: Any = None
    ) -> Any:
        """Return the argument's value in a call, or ``default`` if it was not given."""
        if self._given_by_place(args):
            return args[self.arg_pos]  # type: ignore[index]
        return kwargs.get(self.name, default)

    def replace(
        self, new_value: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> tuple[Any, Sequence[Any], dict[str, Any]]:
        """Put ``new_value`` where the argument stands, or among the keywords.

        Args:
            new_value: What the function is to receive.
            args: The call's positional arguments; not changed.
            kwargs: The call's keyword arguments; **changed** if the argument goes there.

        Returns:
            The old value (None if there was none), and the arguments to call with.
        """
        if self._given_by_place(args):
            changed = list(args)
            old, changed[self.arg_pos] = changed[self.arg_pos], new_value  # type: ignore[index]
            return old, changed, kwargs
        old = kwargs.get(self.name)
        kwargs[self.name] = new_value
        return old, args, kwargs

    def _given_by_place(self, args: Sequence[Any]) -> bool:
        return self.arg_pos is not None and self.arg_pos < len(args)


def errno_from_exception(e: BaseException) -> int | None:
    """Return the error number that an exception carries.

    For old exceptions that have it as their first argument only; ``OSError.errno`` is the way
    where the exception is known to be an ``OSError``.

    Returns:
        ``e.errno`` where there is such an attribute, else the first argument, else None.
    """
    if hasattr(e, "errno"):
        return e.errno  # type: ignore[no-any-return]
    return e.args[0] if e.args else None


def raise_exc_info(
    exc_info: tuple[type[BaseException] | None, BaseException | None, TracebackType | None],
) -> NoReturn:
    """Raise again what ``sys.exc_info()`` returned, with the traceback it had.

    Args:
        exc_info: Type, exception and traceback; the type is not looked at.

    Raises:
        TypeError: There was no exception when ``sys.exc_info()`` was called.
    """
    try:
        error = exc_info[1]
        if error is None:
            raise TypeError("raise_exc_info called with no exception")
        raise error.with_traceback(exc_info[2])
    finally:
        # The traceback refers to this frame, which must not refer back to it.
        del exc_info
        error = None


def exec_in(code: Any, glob: dict[str, Any], loc: Mapping[str, Any] | None = None) -> None:
    """Execute code in a namespace.

    Args:
        code: Source text, or a code object. Text is compiled without the ``__future__`` imports
            of this file.
        glob: Global names of the code; receives what it defines, unless ``loc`` is given.
        loc: Receives what the code defines.
    """
    if isinstance(code, str):
        code = compile(code, "<string>", "exec", dont_inherit=True)
    exec(code, glob, loc)  # noqa: S102


def re_unescape(s: str) -> str:
    r"""Undo ``re.escape``.

    Args:
        s: A pattern in which backslashes stand before punctuation and blanks only.

    Raises:
        ValueError: There is something in the pattern that ``re.escape`` never writes, such as
            ``\d``; it stands for many texts.

    >>> re_unescape(re.escape("a.b c"))
    'a.b c'
    """
    return _ESCAPED().sub(_unescaped, s)


def _unescaped(match: re.Match[str]) -> str:
    character = match[1]
    if character.isascii() and character.isalnum():
        raise ValueError(f"cannot unescape {match[0]!r}")
    return character


def timedelta_to_seconds(td: datetime.timedelta) -> float:
    """Return ``td.total_seconds()``, which Python 2.6 had not."""
    return td.total_seconds()


def _positional_names(func: Callable[..., Any]) -> list[str]:
    """Names of the parameters that ``func`` takes by place, ``self`` of a method included."""
    code = getattr(func, "__code__", None)
    if code is not None:
        # A compiled function has __code__ as well; inspect.signature costs 40 times as much.
        return list(code.co_varnames[: code.co_argcount])
    try:
        parameters = inspect.signature(func).parameters.values()
    except (TypeError, ValueError):
        return []  # a builtin that tells nothing about itself
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [parameter.name for parameter in parameters if parameter.kind in by_place]
