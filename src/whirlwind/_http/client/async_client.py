"""``AsyncHTTPClient``: the interface of HTTP clients, and which client a program gets.

Layer: HTTP. Imports from ``_base``, ``_engine``, ``_net``, ``_proto`` and this package.
"""

from __future__ import annotations

import asyncio
import functools
import weakref
from collections.abc import Callable
from typing import Any, ClassVar, Final, cast

from whirlwind._base.configurable import Configurable
from whirlwind._base.log import app_log
from whirlwind._base.old_arguments import accepts_old
from whirlwind._engine.register import register
from whirlwind._http.client.request import HTTPRequest, _RequestProxy
from whirlwind._http.client.response import HTTPResponse
from whirlwind._net.ioloop import IOLoop

_CANCELLED: Final = "Exception after Future was cancelled"


class FetchFuture(asyncio.Future[HTTPResponse]):
    """The future of one fetch. Cancelling it aborts the fetch.

    A class of its own because the other way, a done callback on every future, costs each fetch
    a turn of the loop.

    What a fetch comes to is not lost in silence. Whoever waits for the future when it is cancelled
    is told by its ``CancelledError``; where nobody does, the fetch's error is logged. Whoever once
    waited for it and stopped (``asyncio.wait`` for the first of several, a time limit) has decided
    about it, and needs no log.

    Attributes:
        raise_error: Whether a status that is no success is an error.
        abort: Stops the fetch and returns the error that this is for it, None if it is over; set
            by a client that can be stopped, None once the fetch is over.
        answered: Gets the response whatever is wrong with it, for callbacks; None without one.
    """

    __slots__ = ("_left", "abort", "answered", "raise_error")

    # All set by who makes one: a constructor costs each fetch as much again as the future.
    raise_error: bool
    abort: Callable[[], BaseException | None] | None
    answered: asyncio.Future[HTTPResponse] | None
    _left: bool  # set once somebody has stopped waiting, and not before

    def respond(self, response: HTTPResponse) -> None:
        """Take the response; what a client's ``fetch_impl`` is given as its callback."""
        self.abort = None
        error = response.error
        if self.done():
            # Cancelled, and a client that cannot stop a fetch came to the end of it.
            if error is not None:
                app_log.error(_CANCELLED, exc_info=error)
            return
        if error is not None and (self.raise_error or not response._error_is_response_code):
            self.set_exception(error)
        else:
            self.set_result(response)
        if self.answered is not None:
            self.exception()  # the callback is told; nobody has to look here as well
            self.answered.set_result(response)

    def remove_done_callback(self, fn: Callable[..., object], /) -> int:
        # Seen from here, and not where callbacks are added: that is once in every fetch.
        self._left = True
        return super().remove_done_callback(fn)

    def cancel(self, msg: Any = None) -> bool:
        awaited = hasattr(self, "_left") or bool(self._callbacks)  # which cancelling takes away
        abort, self.abort = self.abort, None
        cancelled = super().cancel(msg)
        if abort is not None:
            error = abort()
            loop = self.get_loop()
            if error is not None and not awaited and not loop.is_closed():
                # In a turn of its own, as if the error had come by itself; and below the level of
                # errors, since this is what the program asked for.
                loop.call_soon(functools.partial(app_log.info, _CANCELLED, exc_info=error))
        return cancelled


def _call(
    io_loop: IOLoop, callback: Callable[[HTTPResponse], Any], answered: asyncio.Future[HTTPResponse]
) -> None:
    io_loop._run_homeless(functools.partial(callback, answered.result()))


class AsyncHTTPClient(Configurable):
    """An HTTP client that does not block.

    >>> async def title():
    ...     response = await AsyncHTTPClient().fetch("http://example.com/")
    ...     return response.body

    There is one client per event loop: calling ``AsyncHTTPClient()`` again gives the same one,
    so that its connections are shared. ``configure`` says what kind of client that is.

    Args:
        force_instance: True for a client of one's own; close it after use.
        io_loop: An argument of Tornado up to 4, where it came first: the client's loop, if that
            is not to be the current one.
        defaults: Values for arguments of ``HTTPRequest`` that requests leave at None.
        **kwargs: What else the configured client takes, such as ``max_clients``. They count
            for the first client of a loop only.

    Attributes:
        io_loop: The loop that the client belongs to.
        defaults: The values for what requests leave open.
    """

    _instance_cache: weakref.WeakKeyDictionary[IOLoop, AsyncHTTPClient] | None
    _default: ClassVar[type[AsyncHTTPClient]]

    @classmethod
    def join(cls, *, default: type[AsyncHTTPClient]) -> None:
        """Say what ``AsyncHTTPClient()`` builds; the room does so when it is imported."""
        cls._default = default

    @classmethod
    def configurable_base(cls) -> type[Configurable]:
        return AsyncHTTPClient

    @classmethod
    def configurable_default(cls) -> type[Configurable]:
        return cls._default

    @classmethod
    def _async_clients(cls) -> weakref.WeakKeyDictionary[IOLoop, AsyncHTTPClient]:
        # One for each class: a program may use two kinds of clients on one loop.
        found = cls.__dict__.get("_async_client_dict")
        if found is None:
            found = weakref.WeakKeyDictionary()
            cls._async_client_dict = found  # type: ignore[attr-defined]
        return cast("weakref.WeakKeyDictionary[IOLoop, AsyncHTTPClient]", found)

    @accepts_old("args", "io_loop")
    def __new__(
        cls,
        *args: Any,
        force_instance: bool = False,
        io_loop: IOLoop | None = None,
        **kwargs: Any,
    ) -> Any:
        if args and (args[0] is None or isinstance(args[0], IOLoop)):
            io_loop, args = args[0], args[1:]
        if args:
            (force_instance,) = args
        current = IOLoop.current()
        if io_loop is None:
            io_loop = current
        elif io_loop is not current:
            kwargs["io_loop"] = io_loop
        cache = None if force_instance else cls._async_clients()
        if cache is not None:
            found = cache.get(io_loop)
            if found is not None:
                return found
        client = super().__new__(cls, **kwargs)
        # Remembered by the instance, so that closing it removes it from where it was found.
        client._instance_cache = cache
        if cache is not None:
            cache[client.io_loop] = client
        return client

    @accepts_old("io_loop")
    def initialize(
        self, defaults: dict[str, Any] | None = None, io_loop: IOLoop | None = None
    ) -> None:
        """Set up a new client; stands in for ``__init__``.

        Args:
            defaults: Values for what requests leave open, over those of ``HTTPRequest``.
            io_loop: The client's loop; given only if it is not the current one.
        """
        self.io_loop = IOLoop.current() if io_loop is None else io_loop
        self.defaults: dict[str, Any] = dict(HTTPRequest._DEFAULTS)
        if defaults is not None:
            self.defaults.update(defaults)
        self._closed = False

    def close(self) -> None:
        """Close the client and its connections; it cannot be used afterwards.

        Only clients made with ``force_instance=True`` need it, and those of a loop that ends.
        """
        if self._closed:
            return
        self._closed = True
        if self._instance_cache is not None:
            cached = self._instance_cache.pop(self.io_loop, None)
            # None when the loop is going away at this moment, and its entry with it.
            if cached is not None and cached is not self:
                raise RuntimeError("inconsistent AsyncHTTPClient cache")

    @accepts_old("callback")
    def fetch(
        self,
        request: str | HTTPRequest,
        raise_error: bool | Callable[[HTTPResponse], Any] = True,
        callback: Callable[[HTTPResponse], Any] | bool | None = None,
        **kwargs: Any,
    ) -> asyncio.Future[HTTPResponse]:
        """Send a request.

        Args:
            request: A URL, or a request.
            raise_error: Whether a status that is no success is an error. Failures without a
                response (no connection, a timeout) are errors in any case.
            callback: Called with the response, by the loop; whatever went wrong is in the
                response's ``error``. May also be the second argument, with ``raise_error`` as
                the third, as in Tornado 4 and 5.
            **kwargs: Arguments of ``HTTPRequest``, for a URL.

        Returns:
            A future of the ``HTTPResponse``. Cancelling it ends the request.

        Raises:
            RuntimeError: The client is closed.
            ValueError: ``kwargs`` came with an ``HTTPRequest``.
            HTTPClientError: Through the future: the status is no success.
            OSError: Through the future: no connection could be made.
        """
        if self._closed:
            raise RuntimeError("fetch() called on closed AsyncHTTPClient")
        if not isinstance(request, HTTPRequest):
            request = HTTPRequest(url=request, **kwargs)
        elif kwargs:
            raise ValueError("kwargs can't be used if request is an HTTPRequest object")
        request._begin_fetch()
        if callable(raise_error):
            raise_error, callback = callback is None or bool(callback), raise_error
        future = FetchFuture(loop=self.io_loop.asyncio_loop)
        future.raise_error = bool(raise_error)
        future.abort = future.answered = None
        if callback is not None and callable(callback):
            future.answered = self.io_loop.asyncio_loop.create_future()
            future.answered.add_done_callback(functools.partial(_call, self.io_loop, callback))
        if register.is_open:
            register.label(future, f"{request.method} {request.url}")
        proxy = cast(HTTPRequest, _RequestProxy(request, self.defaults))
        self.fetch_impl(proxy, future.respond)
        return future

    def fetch_impl(self, request: HTTPRequest, callback: Callable[[HTTPResponse], None]) -> None:
        """Send a request and call back with its response; what a kind of client implements.

        Args:
            request: The request, with the client's defaults filled in.
            callback: To be called once with the response, on the loop; a failure is a response
                of code 599 with its ``error``.
        """
        raise NotImplementedError

    @classmethod
    def configure(cls, impl: str | type[Configurable] | None, **kwargs: Any) -> None:
        """Choose the class and the arguments of clients that are made from now on.

        Args:
            impl: A subclass, its dotted name, or None for the default.
            **kwargs: Arguments for every new client, such as ``max_clients`` or ``defaults``.
        """
        super().configure(impl, **kwargs)
