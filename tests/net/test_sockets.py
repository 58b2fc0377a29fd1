"""Listening sockets: ports shared by families, Unix sockets, accepting, running out."""

from __future__ import annotations

import errno
import os
import resource
import socket
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.streams import LOOPS, Run, runner_of, turns, until

from whirlwind.netutil import add_accept_handler, bind_sockets, bind_unix_socket, is_valid_ip


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    return runner_of(request.param)


def test_a_free_port_is_the_same_for_every_family() -> None:
    bound = bind_sockets(0)
    try:
        assert len({sock.getsockname()[1] for sock in bound}) == 1
        assert bound[0].family == socket.AF_INET
        assert all(not sock.getblocking() for sock in bound)
        assert all(not sock.get_inheritable() for sock in bound)
        assert all(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) for sock in bound)
    finally:
        for sock in bound:
            sock.close()


@pytest.mark.parametrize("port", ["0", None])
def test_so_it_is_where_the_port_is_not_given_as_a_number(port: Any) -> None:
    for _ in range(20):
        bound = bind_sockets(port, None if port else "localhost")
        ports = {sock.getsockname()[1] for sock in bound}
        for sock in bound:
            sock.close()
        assert len(ports) == 1
        assert ports != {0}


def test_a_taken_port_leaves_no_socket_behind() -> None:
    (sock,) = bind_sockets(0, "127.0.0.1")
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError) as caught:
        bind_sockets(sock.getsockname()[1], "127.0.0.1")
    assert caught.value.errno == errno.EADDRINUSE
    assert set(os.listdir("/proc/self/fd")) == before
    sock.close()


def test_a_port_can_be_shared_on_purpose() -> None:
    (first,) = bind_sockets(0, "127.0.0.1", reuse_port=True)
    (second,) = bind_sockets(first.getsockname()[1], "127.0.0.1", reuse_port=True)
    first.close()
    second.close()


def test_one_family_only() -> None:
    (sock,) = bind_sockets(0, family=socket.AF_INET)
    assert sock.family == socket.AF_INET
    sock.close()


def test_a_unix_socket_replaces_an_older_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    first = bind_unix_socket(str(path), mode=0o640)
    assert path.stat().st_mode & 0o777 == 0o640
    second = bind_unix_socket(str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    for sock in (first, second):
        sock.close()
    plain = tmp_path / "file"
    plain.write_text("precious")
    link = tmp_path / "link"
    link.symlink_to(path)
    for wrong in (plain, link, tmp_path):
        with pytest.raises(ValueError, match="is not a socket"):
            bind_unix_socket(str(wrong))
    assert plain.read_text() == "precious"


def test_a_path_of_any_kind_will_do(tmp_path: Path) -> None:
    for path in (tmp_path / "path", bytes(tmp_path / "bytes")):
        bind_unix_socket(path).close()  # type: ignore[arg-type]
    assert sorted(found.name for found in tmp_path.iterdir()) == ["bytes", "path"]


def test_an_abstract_name_has_no_file(tmp_path: Path) -> None:
    name = f"\0{tmp_path}"
    listening = bind_unix_socket(name)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(name)
    listening.close()


def test_connections_are_handed_on_until_removed(run: Run) -> None:
    async def body() -> None:
        (listening,) = bind_sockets(0, "127.0.0.1")
        accepted: list[Any] = []
        remove = add_accept_handler(listening, lambda sock, address: accepted.append(sock))
        clients = [socket.create_connection(listening.getsockname()) for _ in range(3)]
        await until(lambda: len(accepted) == 3)
        remove()
        remove()
        clients.append(socket.create_connection(listening.getsockname()))
        await turns(5)
        assert len(accepted) == 3
        for sock in (*clients, *accepted, listening):
            sock.close()

    run(body)


def test_a_process_without_descriptors_stops_accepting_and_says_so(
    run: Run, logs: LogWatch
) -> None:
    async def body() -> None:
        (listening,) = bind_sockets(0, "127.0.0.1")
        accepted: list[Any] = []
        remove = add_accept_handler(listening, lambda sock, address: accepted.append(sock))
        clients = [socket.create_connection(listening.getsockname()) for _ in range(2)]
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        highest = max(map(int, os.listdir("/proc/self/fd")))
        fillers = [os.dup(0) for _ in range(highest - len(os.listdir("/proc/self/fd")) + 2)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(fillers) + 1, limits[1]))
        try:
            await turns(20)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert accepted == []
        remove()
        for filler in fillers:
            os.close(filler)
        for sock in (*clients, listening):
            sock.close()

    with logs.expect("whirlwind.application", "Accepting pauses for 1 s: .*Too many open files"):
        run(body)


@pytest.mark.parametrize("ip", ["127.0.0.1", "4.4.4.4", "::1", "2620:0:1cfe:face:b00c::3"])
def test_addresses_are_valid(ip: str) -> None:
    assert is_valid_ip(ip)


@pytest.mark.parametrize(
    "ip", ["", " ", "\n", "\x00", "localhost", "www.google.com", "4.4.4.4<", " 127.0.0.1", "a" * 99]
)
def test_what_is_no_address_is_not_valid(ip: str) -> None:
    assert not is_valid_ip(ip)
