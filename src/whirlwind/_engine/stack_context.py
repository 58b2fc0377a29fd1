"""Context that goes along with callbacks, as Tornado had it before ``contextvars``.

Layer: engine. Imports from ``_engine``.

Theory of operation
-------------------
What is active is a chain of scopes in one context variable (``error_scope``), so asyncio itself
carries it into every callback, timer and coroutine. Two things are left to do here.

A ``StackContext`` is more than a value: its context manager is entered again around each callback
that was scheduled inside it, and sees its exceptions. The loop runs callbacks through
``_run_callback``, and coroutines by ``_Body``, from the moment the first context of
this module is entered or wrapped; a program that never does so pays for nothing.

An exception of a callback goes out through the chain: to the context managers that were entered
for it, to the handlers of ``ExceptionStackContext``, and to what ``gen.Task`` and its like put
there, in the order in which they are nested.

A coroutine of this library has a context of its own, and native ones have one per task. So a
``with`` block around a ``yield`` would in truth be kept apart from its caller; it is refused
nevertheless, as it was, because its context manager would be left and entered in odd places.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final

from whirlwind._engine import coroutine, error_scope
from whirlwind._engine.error_scope import Scope

_NO_ERROR: Final = (None, None, None)

_INCONSISTENT: Final = (
    'stack_context inconsistency (probably caused by yield within a "with StackContext" block)'
)


class StackContextInconsistentError(Exception):
    """A ``with StackContext`` block was left otherwise than in the order of entering.

    Mostly a ``yield`` inside the block in a coroutine: call ``run_with_stack_context`` instead.
    """


class _Context:
    """What both kinds of context have: a place in the chain, and an end before their time.

    Attributes:
        active: False once the function that ``with`` gives has been called: callbacks that run
            from then on do without it.
        old_contexts: What was active around it, as ``_state.contexts``.
    """

    def __init__(self) -> None:
        self.active = True
        self._link: _Link | None = None

    @property
    def old_contexts(self) -> tuple[tuple[StackContext, ...], object]:
        return _pair(None if self._link is None else self._link.outer)

    def _join(self) -> Callable[[], None]:
        _put_to_use()
        self._link = _Link(error_scope.scope.get(), self)
        error_scope.scope.set(self._link)
        return self._deactivate

    def _leave(self) -> None:
        link = self._link
        assert link is not None
        found = error_scope.scope.get()
        error_scope.scope.set(link.outer)
        if found is not link:
            raise StackContextInconsistentError(_INCONSISTENT)

    def _deactivate(self) -> None:
        self.active = False


class StackContext(_Context):
    """Enters a context manager now and around every callback scheduled inside the block.

    In new code a ``contextvars.ContextVar`` does the same for less. ::

        with StackContext(functools.partial(request_number, 7)) as deactivate:
            http_client.fetch(url, callback=on_answer)      # on_answer runs inside, too

    Args:
        context_factory: Called without arguments each time; returns a fresh context manager. If
            that swallows an exception of a callback, the exception is dealt with.
    """

    def __init__(self, context_factory: Callable[[], AbstractContextManager[Any]]) -> None:
        super().__init__()
        self.context_factory = context_factory
        self.contexts: list[AbstractContextManager[Any]] = []

    def enter(self) -> None:
        """Enter a fresh context manager."""
        context = self.context_factory()
        context.__enter__()
        self.contexts.append(context)

    def exit(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        """Leave the context manager entered last; returns True if it took the exception."""
        return self.contexts.pop().__exit__(type, value, traceback)

    def __enter__(self) -> Callable[[], None]:
        self.enter()
        return self._join()

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        try:
            return self.exit(type, value, traceback)
        finally:
            self._leave()


class ExceptionStackContext(_Context):
    """Gives exceptions of the block, and of callbacks scheduled inside it, to a function.

    Args:
        exception_handler: Called with type, value and traceback; returns True if the exception is
            dealt with, else it goes on to the next handler out.
        delay_warning: Was for the warning that 5.1 gave; not looked at.
    """

    def __init__(
        self,
        exception_handler: Callable[[Any, Any, Any], object],
        delay_warning: bool = False,
    ) -> None:
        super().__init__()
        self.exception_handler = exception_handler

    def exit(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> object:
        """Ask the handler, if there is an exception; returns what it says."""
        return self.exception_handler(type, value, traceback) if type is not None else None

    def __enter__(self) -> Callable[[], None]:
        return self._join()

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        try:
            return bool(self.exit(type, value, traceback))
        finally:
            self._leave()


class NullContext:
    """Leaves all contexts for the length of a block.

    For what must not inherit the contexts of whoever came first: the connections of a pool, say.
    """

    def __enter__(self) -> None:
        self._outer = error_scope.scope.get()
        self._home = error_scope.home.get()
        error_scope.scope.set(None)
        error_scope.home.set(None)

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        error_scope.scope.set(self._outer)
        error_scope.home.set(self._home)


class _Link(Scope):
    """A context of this module in the chain of scopes."""

    __slots__ = ("context",)

    def __init__(self, outer: Scope | None, context: _Context) -> None:
        super().__init__(outer, self._take)
        self.context = context

    def _take(self, error: BaseException) -> bool:
        context = self.context
        if not isinstance(context, ExceptionStackContext) or not context.active:
            return False
        return bool(context.exit(type(error), error, error.__traceback__))


class _State:
    """What is active here, in the form in which programs have come to look at it.

    Attributes:
        contexts: The active ``StackContext`` objects, the outermost first; and the innermost
            context of any kind, whose ``old_contexts`` is the same for what is around it.
    """

    @property
    def contexts(self) -> tuple[tuple[StackContext, ...], object]:
        return _pair(error_scope.scope.get())

    @contexts.setter
    def contexts(self, pair: tuple[tuple[StackContext, ...], object]) -> None:
        head = pair[1]
        error_scope.scope.set(head._link if isinstance(head, _Context) else None)


_state: Final = _State()


def wrap(fn: Callable[..., Any] | None) -> Callable[..., Any] | None:
    """Bind a function to the contexts that are active now.

    For callbacks that go through something else than the loop: a thread, another library.

    Args:
        fn: A function, or None, which is returned as it is, like one that is wrapped already.

    Returns:
        A function that enters these contexts, calls ``fn`` and gives its exceptions to them. It
        then returns None; an exception that none takes is raised.
    """
    if fn is None or _is_wrapped(fn):
        return fn
    _put_to_use()
    bound = error_scope.scope.get()
    home = error_scope.home.get()

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        here = error_scope.scope.set(bound)
        there = error_scope.home.set(home)
        try:
            return _run_inside(bound, functools.partial(fn, *args, **kwargs))
        finally:
            error_scope.home.reset(there)
            error_scope.scope.reset(here)

    functools.update_wrapper(
        wrapped, fn, [name for name in functools.WRAPPER_ASSIGNMENTS if hasattr(fn, name)]
    )
    wrapped._wrapped = True  # type: ignore[attr-defined]
    return wrapped


def run_with_stack_context(
    context: StackContext | ExceptionStackContext, func: Callable[[], Any]
) -> Any:
    """Call ``func`` inside ``context`` and return what it returns.

    For coroutines, in which a ``yield`` must not stand inside a ``with`` block::

        yield run_with_stack_context(StackContext(factory), lambda: work(1))
    """
    with context:
        return func()


def _entered_in(chain: Scope | None) -> list[StackContext]:
    """The active contexts of a chain that have something to enter, the outermost first."""
    found: list[StackContext] = []
    while chain is not None:
        if isinstance(chain, _Link):
            context = chain.context
            if context.active and isinstance(context, StackContext):
                found.append(context)
        chain = chain.outer
    found.reverse()
    return found


def _pair(chain: Scope | None) -> tuple[tuple[StackContext, ...], object]:
    inside = chain
    while inside is not None and not (isinstance(inside, _Link) and inside.context.active):
        inside = inside.outer
    head = inside.context if isinstance(inside, _Link) else None
    return tuple(_entered_in(chain)), head


def _run_inside(chain: Scope | None, call: Callable[[], Any]) -> Any:
    """Call something inside the contexts of a chain, which get its exceptions.

    Raises:
        Exception: What ``call`` raised, or a context manager instead of it, and nobody took.
    """
    error: BaseException | None = None
    result: Any = None
    entered: list[StackContext] = []
    try:
        for context in _entered_in(chain):
            context.enter()
            entered.append(context)
        result = call()
    except BaseException as raised:
        error = raised
    asked = chain
    while asked is not None:
        try:
            if isinstance(asked, _Link) and entered and asked.context is entered[-1]:
                if _exit(entered.pop(), error):
                    error = None
            elif isinstance(error, Exception) and asked.receiver is not None:
                error = None if asked.receiver(error) else error
        except BaseException as instead:
            error = instead
        asked = asked.outer
    if error is None:
        return result
    try:
        raise error
    finally:
        error = None  # it refers to this frame, by its traceback


def _exit(context: StackContext, error: BaseException | None) -> bool | None:
    if error is None:
        return context.exit(*_NO_ERROR)
    return context.exit(type(error), error, error.__traceback__)


def _run_callback(callback: Callable[[], Any], report: Callable[[Any], None]) -> Any:
    """Run a callback of the loop inside the contexts that it was scheduled in."""
    chain = error_scope.scope.get()
    bound = _is_wrapped(callback)
    if not bound and not _entered_in(chain):
        return callback()
    try:
        return callback() if bound else _run_inside(chain, callback)
    except Exception:
        # Everybody has been asked; what was wrapped elsewhere is no business of the scopes here.
        report(callback)
        return None


def _is_wrapped(function: Any) -> bool:
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(function, "_wrapped", False) is True


class _Body(Generator[Any, Any, Any]):
    """The generator of a coroutine, each of whose later steps runs inside its contexts."""

    def __init__(self, generator: Generator[Any, Any, Any]) -> None:
        self._generator = generator
        self._chain = error_scope.scope.get()
        self._begun = False

    def __getattr__(self, name: str) -> Any:
        # gi_frame and the like, for whoever looks at coroutines.
        return getattr(self._generator, name)

    def send(self, value: Any) -> Any:
        return self._step(self._generator.send, value)

    def throw(self, *error: Any) -> Any:
        return self._step(self._generator.throw, *error)

    def close(self) -> None:
        self._generator.close()

    def _step(self, step: Callable[..., Any], *args: Any) -> Any:
        entered: list[StackContext] = []
        if self._begun:
            for context in _entered_in(self._chain):
                context.enter()
                entered.append(context)
        self._begun = True
        try:
            yielded = step(*args)
        finally:
            # Without an exception there is: that is for the coroutine's future.
            while entered:
                entered.pop().exit(*_NO_ERROR)
        if error_scope.scope.get() is not self._chain:
            return self._step(
                self._generator.throw,
                StackContextInconsistentError(_INCONSISTENT),
            )
        return yielded


class _InContexts:
    """A coroutine function whose generators are run by way of ``_Body``."""

    __slots__ = ("__wrapped__",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__wrapped__ = function

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        made = self.__wrapped__(*args, **kwargs)
        return _Body(made) if isinstance(made, Generator) else made


def _put_to_use() -> None:
    if error_scope.Reentry.run is None:
        error_scope.Reentry.run = _run_callback
        coroutine.dress_with(_InContexts)
