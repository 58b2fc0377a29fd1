"""A way out of the loop for what ends a program.

Layer: net. Standard library only.

``SystemExit`` and ``KeyboardInterrupt`` leave asyncio's loop wherever they are raised, so that
``sys.exit()`` in a handler ends the process. uvloop lets them leave a callback of its queue, and
swallows them where a transport calls ``data_received`` or ``eof_received``: it logs a fatal error
of the transport, and the process stays.
"""

from __future__ import annotations

import asyncio
from typing import Final, NoReturn

ENDS_THE_PROGRAM: Final = (SystemExit, KeyboardInterrupt)


def leave_loop(error: BaseException) -> None:
    """Raise ``error`` out of the running loop, in its next turn.

    For protocols: ``except ENDS_THE_PROGRAM as error: leave_loop(error)`` around the body of
    ``data_received`` and ``eof_received``.

    Args:
        error: One of ``ENDS_THE_PROGRAM``; anything else would only be logged by the loop.
    """
    asyncio.get_running_loop().call_soon(_raise, error)


def _raise(error: BaseException) -> NoReturn:
    raise error
