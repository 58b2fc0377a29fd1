"""Old arguments are taken, and not shown."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from whirlwind import gen, httpclient, ioloop, iostream, netutil, tcpserver, web, websocket
from whirlwind._base.old_arguments import accepts_old


def test_an_old_argument_is_taken_and_not_shown() -> None:
    @accepts_old("io_loop")
    def function(one: int, io_loop: Any = None, two: int = 2) -> Any:
        return one, io_loop, two

    assert str(inspect.signature(function)) == "(one: 'int', two: 'int' = 2) -> 'Any'"
    assert function(1, io_loop="loop") == (1, "loop", 2)


def test_arguments_behind_one_that_collects_old_positions_are_shown_with_a_position() -> None:
    @accepts_old("limit", "callback")
    def function(one: int, *limit: Any, most: int = 0, callback: Any = None) -> Any:
        return one, limit, most, callback

    assert str(inspect.signature(function)) == "(one: 'int', most: 'int' = 0) -> 'Any'"
    assert function(1, 2, callback=3) == (1, (2,), 0, 3)


def test_a_name_that_is_no_argument_is_an_error() -> None:
    with pytest.raises(TypeError, match="takes no callback"):

        @accepts_old("callback")
        def function(one: int) -> None: ...


@pytest.mark.parametrize(
    "function",
    [
        gen.with_timeout,
        httpclient.AsyncHTTPClient.fetch,
        ioloop.PeriodicCallback.__init__,
        iostream.BaseIOStream.__init__,
        iostream.BaseIOStream.read_bytes,
        iostream.BaseIOStream.read_into,
        iostream.BaseIOStream.read_until,
        iostream.BaseIOStream.read_until_close,
        iostream.BaseIOStream.read_until_regex,
        iostream.BaseIOStream.write,
        iostream.IOStream.connect,
        iostream.SSLIOStream.connect,
        iostream.SSLIOStream.wait_for_handshake,
        netutil.add_accept_handler,
        netutil.ThreadedResolver.initialize,
        tcpserver.TCPServer.__init__,
        web.RequestHandler.flush,
        websocket.websocket_connect,
    ],
)
def test_nobody_is_shown_what_tornado_6_does_not_take(function: Any) -> None:
    shown = inspect.signature(function)
    # Of websocket_connect Tornado 6 has it still.
    old = {"io_loop"} | ({"callback"} if function.__name__ not in _TAKES_CALLBACK else set())
    assert old.isdisjoint(shown.parameters)
    assert not any(one.kind is one.VAR_POSITIONAL for one in shown.parameters.values())


_TAKES_CALLBACK = ("websocket_connect", "__init__", "add_accept_handler")
