"""Runs handlers: without a task where nothing waits, with as little as possible where it does.

Layer: web. Imports from ``_base``, ``_http``, ``_net`` and within ``_web``.

Theory of operation
-------------------
A handler's steps run in a context of its own (``contextvars``), the same one from ``prepare`` to
``on_finish``, as if it were a task. A future that a step returns is waited for here, outside
of that context, by one callback on it. A coroutine object needs a task, because what it awaits may
ask for the task it runs in (``asyncio.timeout`` does); the rest of the handler then runs in it.
From Python 3.12 such a task starts at once and costs no turn of the loop where it need not wait.

A handler class that replaced ``_execute``, or had it replaced by an agent, runs as a task.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final

from whirlwind._base.log import app_log
from whirlwind._http.messages import HTTPServerRequest
from whirlwind._net.leaving import ENDS_THE_PROGRAM
from whirlwind._web.base_handler import BaseHandler
from whirlwind._web.deadlines import limit_wait
from whirlwind._web.no_loop import waiting_error, without_loop
from whirlwind._web.transforms import OutputTransform

if TYPE_CHECKING:
    from whirlwind._web.application import Application

_EAGER: Final = sys.version_info >= (3, 12)

stock_execute: Final = BaseHandler._execute

#: Handler class, arguments of ``initialize``, path arguments, path keyword arguments. The last two
#: are bytes for ``decode_argument``, or text where that has nothing to do.
Found = tuple[type[BaseHandler], dict[str, Any], list[Any], dict[str, Any]]


def start_handler(
    application: Application,
    request: HTTPServerRequest,
    found: Found,
    transforms: list[OutputTransform],
) -> None:
    """Make a handler and run it as far as it goes without waiting; ``run_handler`` in short.

    Args:
        application: The handler's application.
        request: The whole request.
        found: What the application's rules say about it.
        transforms: For the answer.
    """
    context = contextvars.copy_context()
    if found[0]._execute is not stock_execute:
        handler_class, arguments, path_args, path_kwargs = found
        handler = context.run(handler_class, application, request, **arguments)
        run_handler(handler, transforms, path_args, path_kwargs, context)
        return
    begun = context.run(_begin, application, request, found, transforms, context)
    if begun is not None:
        try:
            _drive(*begun, context)
        finally:
            del begun  # see BaseHandler._run_method


def _begin(
    application: Application,
    request: HTTPServerRequest,
    found: Found,
    transforms: list[OutputTransform],
    context: contextvars.Context,
) -> tuple[BaseHandler, Awaitable[Any]] | None:
    handler_class, arguments, path_args, path_kwargs = found
    handler = handler_class(application, request, **arguments)
    if handler_class._outlives_request:
        handler._request_context = context
    waiting = handler._begin_steps(transforms, path_args, path_kwargs)
    try:
        return None if waiting is None else (handler, waiting)
    finally:
        del waiting  # see BaseHandler._run_method


def run_handler(
    handler: BaseHandler,
    transforms: list[OutputTransform],
    path_args: list[Any],
    path_kwargs: dict[str, Any],
    context: contextvars.Context,
) -> asyncio.Future[Any] | None:
    """Run a handler as far as it goes without waiting, and see to it that it goes on.

    Args:
        handler: A new handler.
        transforms: For its answer.
        path_args, path_kwargs: What the groups of its rule's pattern said, undecoded.
        context: The request's context.

    Returns:
        None if the handler is done; else a future that it waits for, or its task.
    """
    if type(handler)._outlives_request:
        handler._request_context = context
    if type(handler)._execute is not stock_execute:
        executing = context.run(partial(handler._execute, transforms, *path_args, **path_kwargs))
        try:
            # As old programs wrote it, a gen.coroutine or one that returns nothing, it has run.
            task = as_future(executing, context)
        except TypeError:
            return None
        task.add_done_callback(partial(_report, handler))
        _note_wait(handler, task)
        return task
    waiting = context.run(handler._begin_steps, transforms, path_args, path_kwargs)
    if waiting is None:
        return None
    try:
        return _drive(handler, waiting, context)
    finally:
        del waiting  # see BaseHandler._run_method


def run_at_once(
    handler: BaseHandler,
    transforms: list[OutputTransform],
    path_args: list[Any],
    path_kwargs: dict[str, Any],
    context: contextvars.Context,
) -> None:
    """Run a handler where no loop runs, in a server of WSGI for example.

    Where it waits for something, it gets an exception at that place, as if waiting had failed;
    so it is answered and logged as any other exception of a handler.

    Args:
        handler: A new handler.
        transforms: For its answer.
        path_args, path_kwargs: What the groups of its rule's pattern said, undecoded.
        context: The request's context.
    """
    with without_loop():
        coroutine = context.run(partial(handler._execute, transforms, *path_args, **path_kwargs))
        try:
            waited_for = context.run(coroutine.send, None)
        except StopIteration:
            return
        error = waiting_error(f"{type(handler).__qualname__} waits for {waited_for!r:.100}")
        try:
            context.run(coroutine.throw, error)
        except StopIteration:
            return
        finally:
            # A future is left alone: cancelling it is the business of a loop. Nobody holds it.
            coroutine.close()


def _drive(
    handler: BaseHandler, waiting: Awaitable[Any] | None, context: contextvars.Context
) -> asyncio.Future[Any] | None:
    while waiting is not None:
        if type(waiting) is CoroutineType:
            # The rest goes on in its task: waiting for that from outside takes another turn.
            task = start_task(handler._go_through(waiting), context)
            if not task.done():
                _note_wait(handler, task)
            return task
        try:
            future = as_future(waiting, context)
        except TypeError as error:
            waiting = context.run(handler._resume_steps, None, error)
            continue
        if not future.done():
            _note_wait(handler, future)
            future.add_done_callback(partial(_go_on, handler, context))
            return future
        waiting = None  # as below
        waiting = context.run(handler._resume_steps, *_outcome(future))
        del future  # see BaseHandler._run_method
    return None


def _note_wait(handler: BaseHandler, future: asyncio.Future[Any]) -> None:
    """A handler waits: from now on its client may go away, and its time may pass."""
    handler._awaited_future = future
    if not handler._finished:
        handler.request.connection.set_close_callback(handler._client_left)
    if handler.handler_timeout is not None or "handler_timeout" in handler.application.settings:
        limit_wait(handler, future)


def _go_on(handler: BaseHandler, context: contextvars.Context, future: asyncio.Future[Any]) -> None:
    handler._awaited_future = None
    if future.cancelled() and isinstance(future, asyncio.Task) and future.cancelling():
        handler._task_cancelled = True
    _drive(handler, context.run(handler._resume_steps, *_outcome(future)), context)


def _outcome(future: asyncio.Future[Any]) -> tuple[Any, BaseException | None]:
    """Return the value of a future that is done and None, or None and its exception.

    Raises:
        SystemExit, KeyboardInterrupt: It is one of these, which no handler answers.
    """
    try:
        error = None if future.cancelled() else future.exception()
        if error is None:
            return future.result(), None
        if isinstance(error, ENDS_THE_PROGRAM):
            raise error
        return None, error
    except asyncio.CancelledError as cancelled:
        return None, cancelled
    finally:
        error = None


def _report(handler: BaseHandler, task: asyncio.Future[Any]) -> None:
    handler._awaited_future = None
    # What leaves _execute left a handler that was to answer its own exceptions.
    if not task.cancelled() and (error := task.exception()) is not None:
        app_log.error("Uncaught exception in _execute", exc_info=error)


def as_future(waiting: Any, context: contextvars.Context) -> asyncio.Future[Any]:
    """Return a future for what a handler's step returned.

    Args:
        waiting: A future, a coroutine object, or another awaitable.
        context: Where a coroutine object runs.

    Raises:
        TypeError: It is none of these.
    """
    if asyncio.isfuture(waiting):
        return waiting
    if asyncio.iscoroutine(waiting):
        return start_task(waiting, context)
    if hasattr(type(waiting), "__await__"):
        return start_task(_await(waiting), context)
    raise TypeError(
        f"a handler's method returned {waiting!r}: expected None or something to wait for"
    )


async def _await(waiting: Awaitable[Any]) -> Any:
    return await waiting


def start_task(
    coroutine: Coroutine[Any, Any, Any], context: contextvars.Context
) -> asyncio.Task[Any]:
    """Start a task; at once where Python can (3.12), in the next turn of the loop elsewhere."""
    loop = asyncio.get_running_loop()
    if _EAGER and loop.get_task_factory() is None:
        make: Callable[..., asyncio.Task[Any]] = asyncio.Task
        return make(coroutine, loop=loop, context=context, eager_start=True)
    return loop.create_task(coroutine, context=context)
