"""What a WebSocket's machine tells besides messages, which are plain ``str`` and ``bytes``.

Layer: protocols. Imports from ``_base`` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from whirlwind._base.errors import RemoteProtocolError


@dataclass(frozen=True, slots=True)
class Ping:
    """The peer asks for a sign of life: answer with ``pong(data)``, at least the last of several.

    Attributes:
        data: 0 to 125 bytes of the peer's choice.
    """

    data: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """The peer answered a ping, or says that it is alive without having been asked.

    Attributes:
        data: The bytes of the ping.
    """

    data: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """The peer sent its close frame: nothing follows; answer with ``close(code)``.

    Attributes:
        code: Its code; None for none.
        reason: Its reason; None for none.
    """

    code: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Failed:
    """The peer broke the protocol: nothing more is read; say so with ``close(error.close_code)``.

    Attributes:
        error: What was wrong; its ``close_code`` is the code to send.
    """

    error: RemoteProtocolError


#: In the order of the wire: text messages as ``str``, binary ones as ``bytes``, and the others.
Event: TypeAlias = str | bytes | Ping | Pong | Closed | Failed
