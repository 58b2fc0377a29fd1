"""The errors of whirlwind, one tree.

Layer: base. Standard library only.

::

    Exception
    └── WhirlwindError                  everything below
        ├── BadYieldError               a coroutine yielded what cannot be waited for
        ├── KeyReuseError               gen.Callback with a key that is in use
        ├── UnknownKeyError             gen.Wait for a key that nobody announced
        ├── LeakedCallbackError         a coroutine ended with callbacks nobody waited for
        ├── ReturnValueIgnoredError     a value returned to nobody
        ├── ProtocolError               a message that breaks its protocol
        │   ├── LocalProtocolError      ... and we were about to send it
        │   └── RemoteProtocolError     ... and the peer sent it
        │       └── MessageTooLarge     ... within the grammar, over a limit
        ├── QueueEmpty, QueueFull       (room _engine)
        ├── StreamClosedError, UnsatisfiableReadError, StreamBufferFullError   (room _net)
        └── HTTPClientError, HTTPError  (rooms _http and _web)

Errors with behaviour of their own stand in their room and derive from this tree. Classes that
Tornado has keep the bases they have there as well, so that old ``except`` clauses hold.
"""

from __future__ import annotations


class WhirlwindError(Exception):
    """The root of every error that whirlwind defines."""


class BadYieldError(WhirlwindError):
    """A coroutine yielded an object that cannot be waited for.

    The message says what was yielded and, where the mistake is a common one, what was meant.
    """


class KeyReuseError(WhirlwindError):
    """``gen.Callback`` was given a key that another callback of the same coroutine still holds."""


class UnknownKeyError(WhirlwindError):
    """``gen.Wait`` or ``gen.WaitAll`` names a key for which no ``gen.Callback`` was made."""


class LeakedCallbackError(WhirlwindError):
    """A coroutine ended although a ``gen.Callback`` of its was never waited for."""


class ReturnValueIgnoredError(WhirlwindError):
    """A function returned a value where nobody can receive it, as in a ``gen.engine``."""


class ProtocolError(WhirlwindError):
    """A message that breaks the rules of its protocol.

    Attributes:
        close_code: Status code of a WebSocket close frame that answers the error, or None.
        status: HTTP status code that answers the error, or None where none can be sent.
    """

    def __init__(
        self, *args: object, close_code: int | None = None, status: int | None = None
    ) -> None:
        super().__init__(*args)
        self.close_code = close_code
        self.status = status


class LocalProtocolError(ProtocolError):
    """Our side was about to send something that the protocol forbids; nothing was sent."""


class RemoteProtocolError(ProtocolError):
    """The peer sent something that the protocol forbids; answer if possible, and close."""


class MessageTooLarge(RemoteProtocolError):
    """The peer's message keeps to the grammar and passes a limit of ours.

    The message names the limit and the setting that changes it.
    """
