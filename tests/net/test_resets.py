"""Connections that end with a reset."""

from __future__ import annotations

import socket

import pytest
from tests.support.streams import tcp_sockets

from whirlwind._net.resets import reset_when_closed


def test_the_peer_of_a_tcp_socket_sees_a_reset() -> None:
    ours, theirs = tcp_sockets()
    reset_when_closed(ours)
    ours.close()
    with pytest.raises(ConnectionResetError):
        theirs.recv(1)
    theirs.close()


def test_other_sockets_and_none_are_left_as_they_are() -> None:
    reset_when_closed(None)
    ours, theirs = socket.socketpair()
    reset_when_closed(ours)
    ours.close()
    assert theirs.recv(1) == b""
    theirs.close()
