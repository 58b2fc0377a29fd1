"""Handlers that take a request's body as it comes, and old ones that finish by themselves.

Layer: web. Imports from ``_engine``, ``_proto`` and within ``_web``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from whirlwind._engine.error_scope import errors_to
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._web.base_handler import BaseHandler

_Handler = TypeVar("_Handler", bound=type[BaseHandler])


def stream_request_body(cls: _Handler) -> _Handler:
    """Class decorator: the handler takes the body piece by piece.

    ``prepare`` runs when the head is there; ``self.request.body`` stays empty. There are two ways
    from there:

    - A handler that defines ``data_received`` is given each piece, and may wait, which holds the
      client back. The request's method runs when the body is complete.
    - One that does not define it reads the body itself, with ``self.multipart()`` or
      ``self.body_stream()``. The request's method runs at once after ``prepare``, and the client
      is held back until it reads. A method that ends before it has read all ends the connection
      with its answer.

    A handler of either kind may also read the body in ``prepare``.

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


def announces_body(headers: HTTPHeaders) -> bool:
    """True if a request with these header fields has a body, of whatever length.

    Source: RFC 9112, section 6.3.
    """
    return "Transfer-Encoding" in headers or headers.get("Content-Length", "0").strip("0") != ""


def _answer_error(handler: BaseHandler, error: BaseException) -> bool:
    if handler._finished:
        # Nobody waits for an answer; the handler still says how its exceptions are logged.
        handler.log_exception(type(error), error, error.__traceback__)
        return True
    handler._steps_failed(error)
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
        with errors_to(functools.partial(_answer_error, self), lambda: self._finished):
            waiting = method(self, *args, **kwargs)
        if waiting is not None:
            self._auto_finish = True
        return waiting

    return wrapper
