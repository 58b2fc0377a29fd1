"""Ports that nobody else uses."""

from __future__ import annotations

import socket

import pytest

from whirlwind.testing import bind_unused_port, get_unused_port


def test_a_bound_port_accepts_connections_and_does_not_block() -> None:
    listening, port = bind_unused_port()
    with listening, socket.create_connection(("127.0.0.1", port)):
        assert listening.getsockname() == ("127.0.0.1", port)
        assert listening.getblocking() is False


def test_a_port_can_be_shared() -> None:
    first, port = bind_unused_port(reuse_port=True)
    with first, socket.create_server(("127.0.0.1", port), reuse_port=True):
        pass


def test_an_address_may_be_of_ipv6() -> None:
    try:
        listening, _ = bind_unused_port(address="::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    with listening:
        assert listening.family == socket.AF_INET6


def test_an_unused_port_refuses_connections() -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", get_unused_port()))
