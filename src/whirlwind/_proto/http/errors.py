"""The two errors of HTTP texts: one for what a peer sent, one for what we were about to send.

Layer: protocols. Imports from ``_base`` only.
"""

from __future__ import annotations

from whirlwind._base.errors import LocalProtocolError, RemoteProtocolError


class HTTPInputError(RemoteProtocolError):
    """A start line, a header field or a body that HTTP does not allow, or that passes a limit.

    A server answers it with ``status`` (400 where nothing better is set) and closes the
    connection, because where the next message starts is no longer sure.
    """

    def __init__(self, *args: object, status: int = 400) -> None:
        super().__init__(*args, status=status)


class HTTPOutputError(LocalProtocolError):
    """The program asked for a message that HTTP does not allow; nothing of it was sent."""
