"""Attributes that are made when they are first asked for.

Layer: base. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

_T = TypeVar("_T")


class lazy(Generic[_T]):  # noqa: N801  a decorator, as ``property`` is
    """A method that becomes an attribute: computed once, then found without any call.

    Use it for what most objects of a class never need. It has no ``__set__``, so that the value
    can be assigned and deleted like any attribute; once deleted it is computed again.
    ``functools.cached_property`` does the same at three times the cost before Python 3.12, for a
    lock that objects which belong to one loop do not need.

    Args:
        compute: Takes the object, returns the attribute's value.
    """

    def __init__(self, compute: Callable[[Any], _T]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> lazy[_T]: ...
    @overload
    def __get__(self, instance: object, owner: type | None = None) -> _T: ...
    def __get__(self, instance: object | None, owner: type | None = None) -> lazy[_T] | _T:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._compute(instance)
        return value
