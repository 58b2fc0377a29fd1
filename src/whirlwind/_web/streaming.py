"""Handlers that take a request's body as it comes, and old ones that finish by themselves.

Layer: web. Imports from ``_engine`` and within ``_web``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from whirlwind._engine.error_scope import errors_to
from whirlwind._web.base_handler import BaseHandler

_Handler = TypeVar("_Handler", bound=type[BaseHandler])


def stream_request_body(cls: _Handler) -> _Handler:
    """Class decorator: the handler takes the body piece by piece.

    ``data_received`` is called with each piece and may wait, which holds the client back.
    ``prepare`` runs when the head is there, the request's method when the body is complete;
    ``self.request.body`` stays empty.

    Raises:
        TypeError: It does not decorate a ``RequestHandler``.
    """
    if not (isinstance(cls, type) and issubclass(cls, BaseHandler)):
        raise TypeError(f"expected subclass of RequestHandler, got {cls!r}")
    cls._stream_request_body = True
    return cls


def _has_stream_request_body(cls: type[BaseHandler]) -> bool:
    if not (isinstance(cls, type) and issubclass(cls, BaseHandler)):
        raise TypeError(f"expected subclass of RequestHandler, got {cls!r}")
    return cls._stream_request_body


def _answer_error(handler: BaseHandler, error: BaseException) -> bool:
    if handler._finished:
        return False  # nobody waits for an answer: to the log with it
    handler._failed(error)
    return True


def asynchronous(method: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a handler's method that finishes the answer in a later callback, as until 5.1.

    The answer stays open when the method returns, until something calls ``self.finish()``. A
    method that returns a future, as one below ``@gen.coroutine`` does, finishes with it. An
    exception in a callback that the method scheduled, or in a ``@gen.engine`` below this
    decorator, is answered as if the method had raised it.
    """

    @functools.wraps(method)
    def wrapper(self: BaseHandler, *args: Any, **kwargs: Any) -> Any:
        self._auto_finish = False
        with errors_to(functools.partial(_answer_error, self)):
            waiting = method(self, *args, **kwargs)
        if waiting is not None:
            self._auto_finish = True
        return waiting

    return wrapper
