"""How far bytes have come: what the kernel says, over real sockets."""

from __future__ import annotations

import socket
import sys
import time

import pytest
from tests.support.streams import reset

from whirlwind._net.delivery import delivery


def connected() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        accepted, _ = listening.accept()
    return client, accepted


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's count is Linux's")
def test_what_the_peer_has_not_taken_is_outstanding_and_what_it_took_is_counted() -> None:
    client, accepted = connected()
    with client, accepted:
        accepted.setblocking(False)
        before = delivery(accepted)
        assert before is not None
        assert (before.acknowledged, before.outstanding) == (0, False)
        sent = 0
        try:
            while True:
                sent += accepted.send(b"x" * 65536)
        except BlockingIOError:
            full = delivery(accepted)
        assert full is not None
        assert full.outstanding
        assert full.acknowledged < sent
        left = sent
        while left:
            left -= len(client.recv(left))
        end = time.monotonic() + 10
        while (after := delivery(accepted)) is not None and after.outstanding:
            assert time.monotonic() < end
        assert after is not None
        assert (after.acknowledged, after.outstanding, after.over) == (sent, False, False)
        reset(client)
        while (gone := delivery(accepted)) is not None and not gone.over:
            assert time.monotonic() < end
        assert gone is not None


def test_nobody_can_tell_of_what_is_no_tcp_connection() -> None:
    assert delivery(None) is None
    first, second = socket.socketpair()
    with first, second:
        assert delivery(first) is None
    client, accepted = connected()
    with accepted:
        client.close()
        assert delivery(client) is None
