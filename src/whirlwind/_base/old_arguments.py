"""Keeps arguments of old Tornado versions out of the signatures that people read.

Layer: base. Standard library only.

Programs written to Tornado 4 and 5 pass ``io_loop=`` and ``callback=`` to many functions, which
still take them. Who writes a program today should not be shown them: ``inspect``, ``help`` and the
editors that ask them see what Tornado 6 has. The functions themselves are not wrapped, so that
calling them costs nothing more; what an old argument means is in their docstrings.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def accepts_old(*names: str) -> Callable[[F], F]:
    """Decorate a function that takes arguments of old Tornado versions.

    Args:
        *names: Arguments to leave out of its signature. One that collects positional arguments
            (``*limit``) stands for those after it, which may then be given by position.

    Raises:
        TypeError: The function has no such argument.

    Source: PEP 362, which says what ``__signature__`` is for.
    """

    def decorate(function: F) -> F:
        signature = inspect.signature(function)
        unknown = set(names) - set(signature.parameters)
        if unknown:
            raise TypeError(f"{function.__qualname__} takes no {', '.join(sorted(unknown))}")
        shown = []
        by_position = False
        for parameter in signature.parameters.values():
            if parameter.name in names:
                by_position |= parameter.kind is parameter.VAR_POSITIONAL
            elif by_position and parameter.kind is parameter.KEYWORD_ONLY:
                shown.append(parameter.replace(kind=parameter.POSITIONAL_OR_KEYWORD))
            else:
                shown.append(parameter)
        function.__signature__ = signature.replace(parameters=shown)  # type: ignore[attr-defined]
        return function

    return decorate
