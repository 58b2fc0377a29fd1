"""The errors a handler raises to end a request.

Layer: web. Imports from ``_base`` and ``_proto``.
"""

from __future__ import annotations

from typing import Any

from whirlwind._base.errors import WhirlwindError
from whirlwind._proto.http.status import responses


class HTTPError(WhirlwindError):
    """Raise it in a handler to answer with an error status.

    Args:
        status_code: The status; need not be one that has a name.
        log_message: For the log only; the client does not see it. With ``args`` it is a
            ``%`` format.
        *args: Arguments of ``log_message``.
        reason: The reason phrase; None for the status's own.
    """

    def __init__(
        self,
        status_code: int = 500,
        log_message: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(status_code, log_message, *args)
        self.status_code = status_code
        self._log_message = log_message
        self.args = args
        self.reason: str | None = kwargs.get("reason")

    @property
    def log_message(self) -> str | None:
        """The message as a ``%`` format; a lone message has its percent signs doubled."""
        if self._log_message is not None and not self.args:
            return self._log_message.replace("%", "%%")
        return self._log_message

    def get_message(self) -> str | None:
        """Return the message for the log with its arguments filled in; None for none."""
        if self._log_message is not None and self.args:
            return self._log_message % self.args
        return self._log_message

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are copied, and sent from a process of a pool, by calling the class with
        # ``args``; those are the message's here, and classes below this one take others.
        return _made_again, (type(self), self.args), self.__dict__

    def __str__(self) -> str:
        reason = self.reason or responses.get(self.status_code, "Unknown")
        text = f"HTTP {self.status_code}: {reason}"
        message = self.get_message()
        return f"{text} ({message})" if message else text


def _made_again(kind: type[HTTPError], args: tuple[Any, ...]) -> HTTPError:
    error = kind.__new__(kind)
    error.args = args
    return error


class MissingArgumentError(HTTPError):
    """An argument that the handler needs is not in the request; answered with 400.

    Args:
        arg_name: The argument's name.
    """

    def __init__(self, arg_name: str) -> None:
        super().__init__(400, f"Missing argument {arg_name}")
        self.arg_name = arg_name


class Finish(WhirlwindError):
    """Raise it to end a request early without an error.

    What was written so far is sent; ``Finish(chunk)`` writes ``chunk`` before that.
    """
