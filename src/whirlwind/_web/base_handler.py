"""What HTTP needs of a handler besides its answer: running it, and answering its errors.

Layer: web. Imports from ``_base``, ``_engine``, ``_http``, ``_net`` and ``_proto``.

Theory of operation
-------------------
A handler runs in steps (``prepare``, the body of a streamed request, the method of the request's
name), and each step may return something to wait for. ``_begin_steps`` runs steps until there is
such a thing and returns it; ``_resume_steps`` is called when it is done and goes on. Who waits is
not their business: ``_execute`` is an ``async def`` that waits with ``await``, and it is what
monitoring agents replace and subclasses extend; where nobody did, the application drives the same
two functions without a task (``_web/running.py``). When no step waits, neither costs a turn of the
loop.

Names of ours that start with an underscore are of two words or more, unless Tornado has them too:
programs' handlers have ``_json``, ``_body`` and ``_events`` of their own.
"""

from __future__ import annotations

import asyncio
import contextvars
import traceback
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, TypeAlias

from whirlwind._base.escape import to_unicode, xhtml_escape
from whirlwind._base.lazy import lazy
from whirlwind._base.limits import MAX_LOGGED_TEXT
from whirlwind._base.log import app_log, gen_log
from whirlwind._base.log_text import log_text
from whirlwind._engine.clock import now
from whirlwind._http.messages import HTTPServerRequest
from whirlwind._http.server.exchange import Exchange
from whirlwind._http.stream_connection.connection import HTTP1Connection
from whirlwind._net.leaving import ENDS_THE_PROGRAM
from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.status import has_no_body
from whirlwind._web.access_line import summary_of
from whirlwind._web.allowed_methods import allowed_methods
from whirlwind._web.answer import Answer
from whirlwind._web.body_stream import BodyStream
from whirlwind._web.deadlines import timeout_of
from whirlwind._web.errors import Finish, HTTPError
from whirlwind._web.event_stream import EventStream
from whirlwind._web.transforms import OutputTransform

if TYPE_CHECKING:
    from whirlwind._web.application import Application

# Methods that change nothing (RFC 9110, section 9.2.1), as far as handlers keep to it.
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_METHOD_NAMES: Final[dict[str | None, str]] = {
    name: name.lower() for name in ("GET", "HEAD", "POST", "DELETE", "PATCH", "PUT", "OPTIONS")
}
_NO_ARGUMENTS: Final[dict[str, str | None]] = {}

#: A handler's answer to one method of HTTP: a plain function, a coroutine, an ``async def``.
Method: TypeAlias = Callable[..., Awaitable[None] | None]


class BaseHandler(Answer):
    """The half of ``RequestHandler`` that runs it: its steps, and what happens to its errors.

    Attributes:
        handler_timeout: Seconds that the handler may take. Then it is cancelled: what it waits
            for is, and it gets ``asyncio.CancelledError``. The answer is a 503, or breaks off
            where it has begun. None for the application's setting of that name; ``math.inf`` for
            no limit in spite of that.
        cancel_on_disconnect: True to cancel the handler when its client goes away.
    """

    SUPPORTED_METHODS: ClassVar[tuple[str, ...]] = (
        "GET",
        "HEAD",
        "POST",
        "DELETE",
        "PATCH",
        "PUT",
        "OPTIONS",
    )

    handler_timeout: float | None = None
    cancel_on_disconnect: bool = False

    # As for an answer's attributes: until one of them is another, an instance need not hold it.
    _stream_request_body = False
    _task_cancelled = False  # the task of a step was cancelled, and not what it waited for
    _prepared_future: asyncio.Future[None] | None = None
    _next_step: Callable[[Any], Awaitable[Any] | None] | None = None
    _awaited_future: asyncio.Future[Any] | None = None  # what it waits for, or its task
    # True for classes whose handlers live on after the request, and are told what it runs in. For
    # others it would close a circle: programs leave a handler in a variable of its context.
    _outlives_request: ClassVar[bool] = False
    _request_context: contextvars.Context | None = None
    _client_gone = False
    _time_is_over = False  # it was cancelled because its time was over
    _reads_body = False  # a streamed request: the method reads the body, and does not wait for it
    _streamed_body: BodyStream | None = None
    _events_sent: EventStream | None = None

    def __init__(self, application: Application, request: HTTPServerRequest, **kwargs: Any) -> None:
        self.application = application
        self.request = request
        if type(self).clear is _stock_clear:
            # All that clear() would set is the class's still.
            self._write_buffer = []
            self.set_default_headers()
        else:
            self.clear()
        self.initialize(**kwargs)

    @lazy
    def path_args(self) -> list[str | None]:
        return []

    @lazy
    def path_kwargs(self) -> dict[str, str | None]:
        return {}

    def _initialize(self) -> None:
        pass

    #: Called with the arguments of the handler's rule; override to take them.
    initialize: Callable[..., None] = _initialize

    # --- the methods of HTTP ---

    def _unimplemented_method(self, *args: str, **kwargs: str) -> NoReturn:
        raise HTTPError(405)

    get: Method = _unimplemented_method
    head: Method = _unimplemented_method
    options: Method = _unimplemented_method
    post: Method = _unimplemented_method
    put: Method = _unimplemented_method
    patch: Method = _unimplemented_method
    delete: Method = _unimplemented_method

    # --- hooks ---

    def prepare(self) -> Awaitable[None] | None:
        """Called before the request's method; may wait. Finish here and the method is not run."""

    def on_connection_close(self) -> None:
        """Called if the client closes its side before the answer is complete.

        Override to free what a long answer holds. Clients in front of a proxy often keep the
        connection open, so it may not come.
        """
        body = self.request.__dict__.get("_body_future")
        if body is not None and not body.done():
            body.set_exception(StreamClosedError())
            body.exception()

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Called with each piece of a streamed body (``stream_request_body``); may wait.

        Args:
            chunk: 1 to ``chunk_size`` bytes of the body.
        """
        raise NotImplementedError

    # --- ends that come early ---

    @lazy
    def _due_at(self) -> float | None:
        # On the clock of asyncio's timers. First asked for in the turn in which the handler begins,
        # or by its first wait.
        timeout = timeout_of(self.handler_timeout, self.settings)
        return None if timeout is None else asyncio.get_running_loop().time() + timeout

    @lazy
    def deadline(self) -> float | None:
        """When the handler's time is over (``handler_timeout``); None for never.

        It is on the clock of the ``IOLoop``, which ``gen.with_timeout`` takes.

        >>> left = self.deadline - IOLoop.current().time()  # doctest: +SKIP
        """
        due = self._due_at
        if due is None:
            return None
        loop = asyncio.get_running_loop()
        return now(loop) + due - loop.time()

    def _client_left(self) -> None:
        """The client has gone before the answer was complete."""
        self._client_gone = True
        try:
            self.on_connection_close()
        finally:
            if (
                self.cancel_on_disconnect
                and not self._finished
                and self._awaited_future is not None
            ):
                self._awaited_future.cancel()
            if self._events_sent is not None:
                self._events_sent.settle()

    def _end_early(self, error: BaseException) -> bool:
        """Settle the answer of a handler that was cancelled; False if it failed by itself."""
        if self._client_gone and self.cancel_on_disconnect:
            if not isinstance(error, asyncio.CancelledError | StreamClosedError):
                return False
            if self._finished:
                return True
            if not self._headers_written:
                # For the log, as nginx has it: nobody is there to read it.
                self.set_status(499, "Client Closed Request")
            self._stop_answer()
            return True
        if not self._time_is_over or not isinstance(error, asyncio.CancelledError):
            return False
        self._task_cancelled = False
        timeout = timeout_of(self.handler_timeout, self.settings)
        overdue = HTTPError(503, "not done within %s seconds (handler_timeout)", timeout)
        overdue.__cause__ = error
        if self._finished:
            return True  # it used its last moment to answer
        if self._headers_written:
            self.log_exception(HTTPError, overdue, overdue.__traceback__)
            self._stop_answer()
        else:
            self._handle_request_exception(overdue)
        return True

    def _stop_answer(self) -> None:
        """End the answer where it is; the connection ends with it, by which a client can tell."""
        if self._finished:
            return
        connection = self.request.connection
        if isinstance(connection, Exchange | HTTP1Connection):
            connection.break_off()
        else:
            connection.finish()
        self._finished = True
        self._log()
        self.on_finish()
        self._break_cycles()

    # --- errors ---

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Answer with an error page, in place of what was written so far, and finish.

        Where the head was sent already, the answer ends where it is.

        Args:
            status_code: The status.
            **kwargs: For ``write_error``; ``reason`` is the reason phrase, ``exc_info`` the
                exception as ``sys.exc_info()`` gives it.
        """
        if self._headers_written:
            self._break_off()
            return
        self.clear()
        wanted = kwargs.get("reason")
        raised = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        if isinstance(raised, HTTPError):
            wanted = raised.reason or wanted
        self.set_status(status_code, wanted)
        if status_code == 405 and "Allow" not in self._headers:
            # Tornado leaves it out; RFC 9110, section 15.5.6, asks for it.
            kind = type(self)
            allowed = allowed_methods(
                kind, self.SUPPORTED_METHODS, self.request.method, kind._unimplemented_method
            )
            self._headers["Allow"] = allowed
        try:
            self.write_error(status_code, **kwargs)
        except Exception:
            app_log.error("Uncaught exception in write_error", exc_info=True)
        if not self._finished:
            self.finish()

    def _break_off(self) -> None:
        """End an answer that has begun and turned out to be an error.

        Without the rest of a body that was announced the connection ends here, which is how the
        client can tell.
        """
        gen_log.error("Cannot send error response after headers written")
        if self._finished:
            return
        try:
            self.finish()
        except Exception:
            gen_log.error("Failed to flush partial response", exc_info=True)
            self._give_up_answer()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write an error page and finish; override for pages of your own.

        Args:
            status_code: The status.
            **kwargs: ``exc_info`` if there was an exception, as ``sys.exc_info()`` gives it.
        """
        if has_no_body(status_code):
            self.finish()
        elif self.settings.get("serve_traceback") and "exc_info" in kwargs:
            self.set_header("Content-Type", "text/plain")
            for line in traceback.format_exception(*kwargs["exc_info"]):
                self.write(line)
            self.finish()
        else:
            title = f"{status_code}: {xhtml_escape(self._reason)}"
            self.finish(f"<html><title>{title}</title><body>{title}</body></html>")

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log an exception that ended the handler; override to report it elsewhere.

        ``HTTPError`` is logged as a warning, without traceback, if it has a message; anything
        else as an error. Arguments are those of ``sys.exc_info()``.
        """
        if isinstance(value, HTTPError):
            message = value.get_message()
            if message:
                # A message often holds what the client sent.
                message = log_text(message, 4 * MAX_LOGGED_TEXT)
                gen_log.warning("%d %s: %s", value.status_code, self._request_summary(), message)
        elif isinstance(value, HTTPInputError):
            gen_log.warning("400 %s: %s", self._request_summary(), log_text(str(value)))
        else:
            app_log.error(
                "Uncaught exception %s\n%s",
                self._request_summary(),
                log_text(repr(self.request), 4 * MAX_LOGGED_TEXT),
                exc_info=(typ, value, tb),  # type: ignore[arg-type]
            )

    def _handle_request_exception(self, error: BaseException) -> None:
        """Answer an exception, whichever it is: with an error page as a rule."""
        exc_info = (type(error), error, error.__traceback__)
        if isinstance(error, Finish):
            if not self._finished:
                self.finish(*error.args)
            return
        try:
            if not self._task_cancelled:  # somebody's wish, no mistake
                self.log_exception(*exc_info)
        except Exception:
            # An error while logging must not keep the client waiting.
            app_log.error("Error in exception logger", exc_info=True)
        if self._finished:
            return
        if isinstance(error, HTTPError):
            self.send_error(error.status_code, exc_info=exc_info)
        elif isinstance(error, HTTPInputError):
            # Of what is wrong with a body: 400 as in Tornado, whichever status fits better.
            self.send_error(400, exc_info=exc_info)
        else:
            self.send_error(500, exc_info=exc_info)

    # --- running ---

    async def _execute(
        self, transforms: list[OutputTransform], *args: bytes | None, **kwargs: bytes | None
    ) -> None:
        """Run the handler from ``prepare`` to its answer. Agents replace this."""
        await self._go_through(self._begin_steps(transforms, args, kwargs))

    async def _go_through(self, waiting: Awaitable[Any] | None) -> None:
        """Wait for what a step returned, and run the further ones."""
        while waiting is not None:
            try:
                value = await waiting
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                self._task_cancelled = task is not None and task.cancelling() > 0
                # The task is to hold this frame, by the exception.
                task = self._awaited_future = None
                self._resume_steps(None, error)
                if self._task_cancelled:
                    raise
                return
            except (GeneratorExit, *ENDS_THE_PROGRAM):
                raise
            except BaseException as error:
                self._resume_steps(None, error)
                return
            finally:
                waiting = None  # see _run_method
            waiting = self._resume_steps(value, None)

    def _begin_steps(
        self,
        transforms: list[OutputTransform],
        args: Any,
        kwargs: dict[str, Any],
    ) -> Awaitable[Any] | None:
        """Run the first steps; return what has to be waited for, or None when all is done."""
        try:
            if transforms:
                self._transforms = transforms
            request = self.request
            if request.method not in self.SUPPORTED_METHODS:
                raise HTTPError(405)
            if args:
                self.path_args = [
                    self.decode_argument(arg) if type(arg) is bytes else arg for arg in args
                ]
            if kwargs:
                self.path_kwargs = {
                    name: self.decode_argument(value, name=name) if type(value) is bytes else value
                    for name, value in kwargs.items()
                }
            if request.method not in _SAFE:
                self._check_request()
            waiting = self.prepare()
            if waiting is not None:
                self._next_step = self._after_prepare
                return waiting
            if self._prepared_future is not None:
                return self._after_prepare(None)
            return None if self._finished else self._run_method()
        except Exception as error:
            self._steps_failed(error)
            return None
        finally:
            waiting = None  # see _run_method

    def _resume_steps(self, value: Any, error: BaseException | None) -> Awaitable[Any] | None:
        """Go on when what was waited for is done.

        Args:
            value: Its value.
            error: Its exception, which is not raised here: its traceback would hold this frame,
                and the frame what holds the exception.
        """
        step = self._next_step
        self._next_step = None
        if error is not None:
            self._steps_failed(error)
            return None
        try:
            return None if step is None else step(value)
        except (Exception, asyncio.CancelledError) as failure:
            self._steps_failed(failure)
            return None

    def _check_request(self) -> None:
        """Refuse what the application's settings forbid; asked for methods that change things."""

    def _after_prepare(self, _: object) -> Awaitable[Any] | None:
        prepared = self._prepared_future
        if self._reads_body and not self._finished:
            return self._run_method()  # which asks for the body
        if prepared is not None and not prepared.done():
            prepared.set_result(None)
        if self._finished:
            return None
        if prepared is not None:
            self._next_step = self._after_body
            body: Awaitable[Any] = self.request._body_future  # type: ignore[attr-defined]
            return body
        return self._run_method()

    def _after_body(self, _: object) -> Awaitable[Any] | None:
        return None if self._finished else self._run_method()

    def _run_method(self) -> Awaitable[Any] | None:
        name = self.request.method
        method = getattr(self, _METHOD_NAMES.get(name) or str(name).lower())
        state = self.__dict__
        waiting: Awaitable[Any] | None = method(
            *state.get("path_args", ()), **state.get("path_kwargs", _NO_ARGUMENTS)
        )
        if waiting is not None:
            self._next_step = self._after_method
            try:
                return waiting
            finally:
                # If it failed already, its traceback leads to this frame, as to all that have
                # called the method. None of them may hold it in the end, or it holds itself.
                del waiting
        if not self._finished:
            if self._auto_finish:
                self.finish()
            else:
                request = self.request
                request.connection.set_close_callback(self._client_left)
        return None

    def _after_method(self, _: object) -> None:
        if self._auto_finish and not self._finished:
            self.finish()

    def _steps_failed(self, error: BaseException) -> None:
        prepared = self._prepared_future
        try:
            if (self._time_is_over or self._client_gone) and self._end_early(error):
                return
            if isinstance(error, StreamClosedError) and prepared is not None and self._body_lost():
                return  # the client went away before its body was complete: nobody to tell
            self._handle_request_exception(error)
        except Exception:
            app_log.error("Exception in exception handler", exc_info=True)
            self._give_up_answer()
        finally:
            if prepared is not None and not prepared.done():
                prepared.set_result(None)

    def _give_up_answer(self) -> None:
        """End an answer whose error page failed as well: the client must not wait for ever."""
        if self._finished:
            return
        self._finished = True
        connection = self.request.connection
        if self._headers_written and isinstance(connection, Exchange | HTTP1Connection):
            connection.break_off()
        else:
            connection.finish()  # which sends a bare 500 where nothing was sent

    def _body_lost(self) -> bool:
        body = self.request.__dict__.get("_body_future")
        return body is not None and body.done() and body.exception() is not None

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        """Decode an argument from the path, the query or the body; override for encodings.

        Args:
            value: Its bytes, already unescaped.
            name: Its name; None for a positional one of the path.

        Raises:
            HTTPError: 400, the value is not UTF-8.
        """
        try:
            return to_unicode(value)
        except UnicodeDecodeError:
            raise HTTPError(400, "Invalid unicode in %s: %r", name or "url", value[:40]) from None

    def _log(self) -> None:
        self.application.log_request(self)

    def _request_summary(self) -> str:
        return summary_of(self.request)


_stock_clear: Final = BaseHandler.clear
