"""Small tools for objects, classes and functions as such.

Layer: base. Standard library only.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Sequence
from typing import Any


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


def _positional_names(func: Callable[..., Any]) -> list[str]:
    """Names of the parameters that ``func`` takes by place, ``self`` of a method included."""
    code = getattr(func, "__code__", None)
    if code is not None:
        # A compiled function has __code__ as well; inspect.signature costs 20 times as much.
        return list(code.co_varnames[: code.co_argcount])
    try:
        parameters = inspect.signature(func).parameters.values()
    except (TypeError, ValueError):
        return []  # a builtin that tells nothing about itself
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [parameter.name for parameter in parameters if parameter.kind in by_place]
