"""Declares the methods that hand their work to PyMongo, one line each.

Layer: public package ``mongo``.

Theory of operation
-------------------
Every object of this package stands before an object of PyMongo's asynchronous API, its
``delegate``. Three kinds of members need no body of their own:

- ``operation(AsyncCollection[D].insert_one)``: PyMongo has a coroutine; calling ours starts it at
  once and returns a Future;
- ``chained(AsyncCursor.sort)``: PyMongo has an ordinary method that returns its own object;
  ours returns our object;
- ``attribute(AsyncCollection.full_name)``: a property, read through.

The declaration takes its parameters, types and documentation from PyMongo's function, so that
an editor completes what the installed PyMongo accepts. At run time only the *name* is used and
looked up on the delegate: a subclass or a monitoring agent that replaces PyMongo's method is
not bypassed. Objects of this package among the arguments are replaced by their delegates.
"""

from __future__ import annotations

import asyncio
import functools
import warnings
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, Generic, NoReturn, ParamSpec, TypeVar, cast, overload

from whirlwind._engine.register import register
from whirlwind.mongo.binding import LoopBinding

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., asyncio.Future[Any]])
R = TypeVar("R")
S = TypeVar("S")
T = TypeVar("T")

_warned: set[str] = set()


class MotorObject:
    """What all objects of the package have: a delegate, and a binding to the client's loop."""

    _binding: LoopBinding

    @property
    def delegate(self) -> Any:
        """The object of PyMongo's asynchronous API behind this one."""
        raise NotImplementedError

    def get_io_loop(self) -> Any:
        """Return the ``IOLoop`` that this object's calls run on."""
        return self._binding.io_loop

    def __repr__(self) -> str:
        # Classes are the same ones under the names of motor_tornado and of motor_asyncio.
        name, family = type(self).__name__, self._binding.family
        return f"{name if name.startswith(family) else family + name}({self.delegate!r})"


def operation(
    method: Callable[Concatenate[R, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Any, P], asyncio.Future[T]]:
    """Declare a method that starts a coroutine of the delegate and returns its Future.

    PyMongo's methods with free keyword arguments need a ``type: ignore`` where they are declared:
    mypy sees that one of those might be called ``self``. It reads the parameters all the same.

    Args:
        method: PyMongo's coroutine function, for example ``AsyncCollection[D].insert_one``.
    """
    name = method.__name__

    def call(self: MotorObject, /, *args: Any, **kwargs: Any) -> Any:
        callback = take_callback(kwargs)
        if args:
            args = tuple([delegate_of(value) for value in args])
        if kwargs:
            kwargs = {key: delegate_of(value) for key, value in kwargs.items()}
        future = self._binding.start(getattr(self.delegate, name), *args, **kwargs)
        if register.is_open:
            register.label(future, f"{type(self).__name__}.{name}")
        return future if callback is None else deliver(future, callback)

    _describe(call, method, f"Start PyMongo's ``{name}`` and return its Future.")
    return call


def takes_callback(method: F) -> F:
    """Let a method that returns a Future take Motor 1's ``callback=`` as well."""

    @functools.wraps(method)
    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        callback = take_callback(kwargs)
        future = method(self, *args, **kwargs)
        return future if callback is None else deliver(future, callback)

    return cast("F", call)


def chained(method: Callable[Concatenate[R, P], Any]) -> Callable[Concatenate[S, P], S]:
    """Declare a method that changes the delegate and returns the object it was called on.

    Args:
        method: PyMongo's function, for example ``AsyncCursor.sort``.
    """
    name = method.__name__

    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        self._check_not_started()
        getattr(self.delegate, name)(*args, **kwargs)
        return self

    _describe(call, method, f"Set ``{name}`` for the query and return this cursor.")
    return call


def _describe(call: Callable[..., Any], method: Callable[..., Any], first: str) -> None:
    functools.update_wrapper(call, method)
    call.__doc__ = f"{first}\n\n{method.__doc__ or ''}"


class attribute(Generic[T]):  # noqa: N801 - reads as a declaration, like property
    """A read-only attribute of the delegate.

    ``codec_options = attribute[CodecOptions[Any]]()``
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self.__doc__ = f"``{name}`` of the PyMongo object."

    @overload
    def __get__(self, instance: None, owner: type) -> attribute[T]: ...
    @overload
    def __get__(self, instance: MotorObject, owner: type) -> T: ...
    def __get__(self, instance: MotorObject | None, owner: type) -> Any:
        if instance is None:
            return self
        return getattr(instance.delegate, self._name)

    def __set__(self, instance: MotorObject, value: Any) -> NoReturn:
        # Without this, the value would be kept here and never reach PyMongo.
        raise AttributeError(f"{type(instance).__name__}.{self._name} cannot be set")


def delegate_of(value: Any) -> Any:
    """Return the delegate of an object of this package; anything else as it is."""
    return value.delegate if isinstance(value, MotorObject) else value


def take_callback(kwargs: dict[str, Any]) -> Callable[[Any, Any], Any] | None:
    """Take Motor 1's ``callback=`` out of keyword arguments; warn once that it was there.

    Raises:
        TypeError: It cannot be called.
    """
    callback: Callable[[Any, Any], Any] | None = kwargs.pop("callback", None)
    if callback is None:
        return None
    if not callable(callback):
        raise TypeError(f"callback must be callable, not {callback!r:.40}")
    warn_once("callback=", "the Future that the call returns", stacklevel=4)
    return callback


def deliver(future: asyncio.Future[Any], callback: Callable[[Any, Any], Any]) -> None:
    """Hand the outcome of a Future to a ``callback(result, error)``, as Motor 1 did.

    One of the two arguments is None. What the callback raises goes to the loop's exception
    handler.
    """

    def hand_over(done: asyncio.Future[Any]) -> None:
        if done.cancelled():
            callback(None, asyncio.CancelledError())
            return
        error = done.exception()
        callback(None, error) if error is not None else callback(done.result(), None)

    future.add_done_callback(hand_over)


def warn_once(old: str, new: str, *, stacklevel: int = 3) -> None:
    """Warn, once in a process, that a name of Motor 1 was used and what replaces it.

    Args:
        old: What the program used.
        new: What it can use instead; works with Motor 3 as well.
        stacklevel: Frames up to the program's line, as for ``warnings.warn``; 3 for a call in a
            method that the program called.
    """
    if old not in _warned:
        _warned.add(old)
        warnings.warn(f"{old} is deprecated; use {new}", DeprecationWarning, stacklevel)


def forget_warnings() -> None:
    """Warn again of what was warned of before, as in a new process."""
    _warned.clear()
