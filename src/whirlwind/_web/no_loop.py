"""What stands for the event loop where there is none, and says so.

Layer: web. Imports from ``_base``.

Theory of operation
-------------------
Without a loop, each thing that needs one fails in a way of its own, and on some Pythons a loop is
made on the side, which never runs and keeps whatever it is given. So while a handler runs in a
server of WSGI, a stand-in is the running loop: it can be asked for and kept, but whoever wants it
to do something, which is to wait in the end, gets an error that says why it cannot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

from whirlwind._base.log import app_log

_ANSWERED: Final = frozenset({"get_debug", "is_closed", "is_running", "call_exception_handler"})


class _NoLoop(asyncio.AbstractEventLoop):
    """A loop on which nothing can wait."""

    def get_debug(self) -> bool:
        return False

    def is_closed(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        app_log.error("%s", context.get("message"), exc_info=context.get("exception"))


def waiting_error(what: str) -> RuntimeError:
    """Return the error of a handler that wants to wait.

    Args:
        what: What shows it, for the message.
    """
    return RuntimeError(f"without an event loop only handlers that never wait can run: {what}")


def _refusal(name: str) -> Callable[..., NoReturn]:
    def refuse(_self: _NoLoop, *args: Any, **_kwargs: Any) -> NoReturn:
        for arg in args:
            if asyncio.iscoroutine(arg):
                arg.close()  # nobody will await it, which would be a warning on top
        raise waiting_error(f"loop.{name}() was called")

    return refuse


for _name, _method in vars(asyncio.AbstractEventLoop).items():
    if callable(_method) and not _name.startswith("_") and _name not in _ANSWERED:
        setattr(_NoLoop, _name, _refusal(_name))


_NO_LOOP: Final = _NoLoop()  # type: ignore[abstract]


@contextmanager
def without_loop() -> Iterator[None]:
    """Have the stand-in be the running loop of this thread."""
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(_NO_LOOP)
    try:
        yield
    finally:
        asyncio._set_running_loop(before)
