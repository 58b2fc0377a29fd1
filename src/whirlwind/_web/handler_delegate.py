"""Receives a request for a handler, and runs it.

Layer: web. Imports from ``_http``, ``_net``, ``_proto`` and within ``_web``.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Final

from whirlwind._http.messages import HTTPConnection, HTTPMessageDelegate, HTTPServerRequest
from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import RequestStartLine, ResponseStartLine
from whirlwind._web.base_handler import BaseHandler
from whirlwind._web.running import run_at_once, run_handler, start_task
from whirlwind._web.streaming import _has_stream_request_body, announces_body

if TYPE_CHECKING:
    from whirlwind._web.application import Application

_stock_data_received: Final = BaseHandler.data_received


async def _received(handler: BaseHandler, waiting: Awaitable[None]) -> None:
    try:
        await waiting
    except Exception as error:
        handler._steps_failed(error)
    finally:
        del waiting  # see BaseHandler._run_method


class HandlerDelegate(HTTPMessageDelegate):
    """Receives a request, and runs a handler when it is complete or, streamed, has begun."""

    context: contextvars.Context  # the handler's own, once there is one

    def __init__(
        self,
        application: Application,
        request: HTTPServerRequest,
        handler_class: type[BaseHandler],
        handler_kwargs: dict[str, Any],
        path_args: list[Any],
        path_kwargs: dict[str, Any],
    ) -> None:
        self.application = application
        self.connection: HTTPConnection = request.connection
        self.request = request
        self.handler_class = handler_class
        self.handler_kwargs = handler_kwargs
        self.path_args = path_args
        self.path_kwargs = path_kwargs
        self.chunks: list[bytes] = []
        self.stream_request_body = _has_stream_request_body(handler_class)
        self.handler: BaseHandler | None = None

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        if self.stream_request_body:
            loop = asyncio.get_running_loop()
            self.request._body_future = loop.create_future()  # type: ignore[attr-defined]
            return self.execute()
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        if not self.stream_request_body:
            self.chunks.append(chunk)
            return None
        handler = self.handler
        if handler is None or handler._finished:
            return None
        if handler._streamed_body is not None:
            return handler._streamed_body.feed(chunk)
        context = self.context
        try:
            waiting = context.run(handler.data_received, chunk)
        except Exception as error:
            context.run(handler._steps_failed, error)
            return None
        return None if waiting is None else start_task(_received(handler, waiting), context)

    def finish(self) -> None:
        if self.stream_request_body:
            body: asyncio.Future[None] = self.request._body_future  # type: ignore[attr-defined]
            if not body.done():
                body.set_result(None)
            if self.handler is not None and self.handler._streamed_body is not None:
                self.handler._streamed_body.feed_eof()
        else:
            if self.chunks:
                self.request.body = b"".join(self.chunks)
            self.execute()

    def on_connection_close(self) -> None:
        if self.stream_request_body:
            if self.handler is not None:
                self._lose_body(self.handler)
        else:
            self.chunks = []

    def _lose_body(self, handler: BaseHandler) -> None:
        # Not left to on_connection_close, which programs override.
        body: asyncio.Future[None] = self.request._body_future  # type: ignore[attr-defined]
        if not body.done():
            body.set_exception(StreamClosedError())
            body.exception()
        if handler._streamed_body is not None:
            handler._streamed_body.fail()
        prepared = handler._prepared_future
        if prepared is not None and not prepared.done():
            prepared.set_result(None)
        if getattr(self.connection, "finished", False):
            handler.on_connection_close()  # it answered without reading all
        else:
            handler._client_left()

    def execute(self) -> Awaitable[None] | None:
        """Run the handler.

        Returns:
            None, or, for a streamed body, a future that is done when ``prepare`` is.
        """
        context = self.context = contextvars.copy_context()
        handler = self.handler = context.run(
            self.handler_class, self.application, self.request, **self.handler_kwargs
        )
        transforms = [make(self.request) for make in self.application.transforms]
        prepared: asyncio.Future[None] | None = None
        if self.stream_request_body:
            prepared = asyncio.get_running_loop().create_future()
            handler._prepared_future = prepared
            handler._reads_body = (
                self.handler_class.data_received is _stock_data_received
                and announces_body(self.request.headers)
            )
        run_handler(handler, transforms, self.path_args, self.path_kwargs, context)
        if prepared is None:
            # Nothing more comes for it, and it holds what holds this.
            self.handler = None
        return prepared

    def execute_at_once(self) -> bool:
        """Run the handler where no loop runs.

        Returns:
            True if it has finished its answer; one that waits is answered with an error page.

        Raises:
            RuntimeError: The handler takes its body piece by piece, which needs a loop.
        """
        if self.stream_request_body:
            raise RuntimeError(
                f"{self.handler_class.__qualname__} is decorated with stream_request_body, "
                "which needs an event loop"
            )
        context = contextvars.copy_context()
        handler = context.run(
            self.handler_class, self.application, self.request, **self.handler_kwargs
        )
        transforms = [make(self.request) for make in self.application.transforms]
        run_at_once(handler, transforms, self.path_args, self.path_kwargs, context)
        return handler._finished
