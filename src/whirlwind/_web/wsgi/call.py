"""One call of a WSGI application, in steps that may each run in a thread.

Layer: web. Imports within ``_web``.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator
from typing import Any

from whirlwind._web.wsgi.head import WSGIHead, check_chunk


class WSGICall:
    """A WSGI application at work on one request.

    ``begin``, ``next`` and ``close`` run the application's code, one after the other; they share
    one context of ``contextvars``, as if they were one function.

    Args:
        application: The application.
        environ: The request.
        flush: Called by the application's thread when ``write`` has added to ``written``.

    Attributes:
        head: Status and header.
        written: What the application gave to ``write()`` and nobody has sent yet.
        whole: The body, where the application returned a list or a tuple; None otherwise.
    """

    def __init__(
        self, application: Callable[..., Any], environ: dict[str, Any], flush: Callable[[], None]
    ) -> None:
        self.head = WSGIHead()
        self.written: list[bytes] = []
        self.whole: bytes | None = None
        self._application = application
        self._environ = environ
        self._flush = flush
        self._context = contextvars.copy_context()
        self._iterable: Any = None
        self._iterator: Iterator[Any] | None = None

    def begin(self) -> None:
        """Call the application."""
        self._context.run(self._begin)

    def _begin(self) -> None:
        self._iterable = self._application(self._environ, self._start_response)
        if isinstance(self._iterable, list | tuple):
            self.whole = b"".join([check_chunk(chunk) for chunk in self._iterable])
        else:
            self._iterator = iter(self._iterable)

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        self.head.start(status, headers, exc_info)
        return self._write

    def _write(self, data: bytes) -> None:
        self.written.append(check_chunk(data))
        self._flush()

    def next(self) -> bytes | None:
        """Return the next piece of the body, empty ones included; None after the last."""
        return self._context.run(self._next)

    def _next(self) -> bytes | None:
        if self._iterator is not None:  # one that is empty by len() may have something yet
            for chunk in self._iterator:
                return check_chunk(chunk)
        return None

    def has_to_be_closed(self) -> bool:
        """True if what the application returned has a ``close()`` that was not called yet."""
        return hasattr(self._iterable, "close")

    def close(self) -> None:
        """Call ``close()`` of what the application returned, the first time at least."""
        iterable, self._iterable = self._iterable, None
        self._iterator = None
        close = getattr(iterable, "close", None)
        if close is not None:
            self._context.run(close)
