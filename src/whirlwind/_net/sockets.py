"""Listening sockets: making them, accepting from them.

Layer: net. Imports from ``_base`` and the loop.
"""

from __future__ import annotations

import errno
import os
import socket as sockets
import stat
import sys
from collections.abc import Callable
from typing import Any, Final

from whirlwind._base.limits import ACCEPT_PAUSE, BACKLOG
from whirlwind._base.log import app_log
from whirlwind._base.old_arguments import accepts_old
from whirlwind._net.ioloop import IOLoop

# Tries to find one free port for several addresses. The kernel picks a port that is free for
# the first of them; that it is taken for another is rare, and twice in a row rarer.
_PORT_TRIES: Final = 10

# A process or a machine out of descriptors or memory. Accepting again at once would fail again.
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def bind_sockets(
    port: int,
    address: str | None = None,
    family: sockets.AddressFamily = sockets.AF_UNSPEC,
    backlog: int = BACKLOG,
    flags: int | None = None,
    reuse_port: bool = False,
) -> list[sockets.socket]:
    """Make listening sockets for a port, one for each address that is meant.

    Args:
        port: 1 to 65535; 0 for a free one, the same for every address.
        address: An IP address, or a host name, which stands for all of its addresses; None or
            empty for every address of the machine.
        family: ``AF_INET`` or ``AF_INET6`` for one family only; ``AF_UNSPEC`` for both.
        backlog: Connections that wait in the kernel until they are accepted.
        flags: ``AI_…`` flags for looking up ``address``; None for ``AI_PASSIVE``.
        reuse_port: True lets several processes listen on the port and share its connections
            (``SO_REUSEPORT``).

    Returns:
        Non-blocking sockets that listen already, IPv4 before IPv6.

    Raises:
        ValueError: ``reuse_port`` where the system has none.
        OSError: The port is taken or not allowed; the address is unknown.
    """
    if reuse_port and not hasattr(sockets, "SO_REUSEPORT"):
        raise ValueError("the platform doesn't support SO_REUSEPORT")
    if family == sockets.AF_UNSPEC and not sockets.has_ipv6:
        family = sockets.AF_INET
    found = sockets.getaddrinfo(
        address or None,
        port,
        family,
        sockets.SOCK_STREAM,
        0,
        sockets.AI_PASSIVE if flags is None else flags,
    )
    # A host file may name an address twice. IPv4 first: where the kernel picks the port, the
    # range that it picks from is that of IPv4.
    places = sorted(set(found), key=lambda place: (place[0] != sockets.AF_INET, place[4][:2]))
    any_port = places[0][4][1] == 0  # the argument may be a service's name, or None
    for _ in range(_PORT_TRIES if any_port and len(places) > 1 else 1):
        try:
            return _bind_all(places, backlog, reuse_port, by_name=address == "localhost")
        except OSError as error:
            if not any_port or error.errno != errno.EADDRINUSE:
                raise
            taken = error
    raise taken


def _bind_all(
    places: list[Any], backlog: int, reuse_port: bool, by_name: bool
) -> list[sockets.socket]:
    bound: list[sockets.socket] = []
    try:
        for family, kind, protocol, _, place in places:
            try:
                sock = sockets.socket(family, kind, protocol)
            except OSError as error:
                if error.errno == errno.EAFNOSUPPORT:
                    continue  # resolved by the library, switched off in the kernel
                raise
            bound.append(sock)
            sock.setblocking(False)
            if os.name != "nt":
                # On Windows it lets two processes listen on the same port.
                sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
            if reuse_port:
                sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEPORT, 1)
            if family == sockets.AF_INET6 and hasattr(sockets, "IPPROTO_IPV6"):
                # IPv4 has a socket of its own; without this the two collide on Linux.
                sock.setsockopt(sockets.IPPROTO_IPV6, sockets.IPV6_V6ONLY, 1)
            if place[1] == 0 and len(bound) > 1:
                place = (place[0], bound[0].getsockname()[1], *place[2:])
            try:
                sock.bind(place)
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL and by_name and family == sockets.AF_INET6:
                    # "localhost" is in the host file with ::1 on machines without IPv6.
                    bound.pop().close()
                    continue
                raise
            sock.listen(backlog)
    except BaseException:
        for sock in bound:
            sock.close()
        raise
    return bound


def bind_unix_socket(
    file: str | os.PathLike[str], mode: int = 0o600, backlog: int = BACKLOG
) -> sockets.socket:
    """Make a listening Unix socket.

    Args:
        file: Its path. A socket that is there already is replaced. A name that begins with a
            NUL byte is in Linux's abstract namespace and has no file.
        mode: Permissions of the file; who may write it may connect.
        backlog: Connections that wait in the kernel until they are accepted.

    Returns:
        A non-blocking socket that listens already.

    Raises:
        ValueError: Something else than a socket is at the path.
        OSError: It cannot be made there.
    """
    file = os.fsdecode(file)
    abstract = file.startswith("\0")
    if not abstract:
        try:
            found = os.lstat(file)
        except FileNotFoundError:
            pass
        else:
            if not stat.S_ISSOCK(found.st_mode):
                raise ValueError(f"File {file} exists and is not a socket")
            os.remove(file)
    sock = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.bind(file)
        if not abstract:
            os.chmod(file, mode)
        # Only now can anybody connect, so nobody does with the permissions that bind() gave.
        sock.listen(backlog)
    except BaseException:
        sock.close()
        raise
    return sock


@accepts_old("io_loop")
def add_accept_handler(
    sock: sockets.socket,
    callback: Callable[[sockets.socket, Any], object],
    io_loop: IOLoop | None = None,
) -> Callable[[], None]:
    """Have a function called for each connection that a listening socket accepts.

    Where descriptors run out, accepting pauses for a second and says so in the log; the
    connections wait in the kernel.

    Args:
        sock: A non-blocking socket that listens.
        callback: Called with the connection's socket and the peer's address.
        io_loop: The loop to accept on; None, as always since Tornado 5.0, for the current one.

    Returns:
        A function that ends the accepting; it leaves ``sock`` open. A second call does nothing.
    """
    acceptor = _Acceptor(sock, callback, IOLoop.current() if io_loop is None else io_loop)
    return acceptor.remove


class _Acceptor:
    def __init__(
        self,
        sock: sockets.socket,
        callback: Callable[[sockets.socket, Any], object],
        loop: IOLoop,
    ) -> None:
        self._sock = sock
        self._callback = callback
        self._loop = loop
        self._pause: object | None = None
        self._removed = False
        self._loop.add_handler(sock, self._accept, IOLoop.READ)

    def remove(self) -> None:
        if self._removed:
            return
        self._removed = True
        if self._pause is not None:
            self._loop.remove_timeout(self._pause)
            self._pause = None
        else:
            self._loop.remove_handler(self._sock)

    def _accept(self, fd: Any, events: int) -> None:
        # As many as the kernel holds by default: a flood must not keep the loop here for ever.
        for _ in range(BACKLOG):
            if self._removed:
                return  # by a callback
            try:
                connection, address = self._sock.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue  # gone while it waited
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                app_log.error("Accepting pauses for %d s: %s", ACCEPT_PAUSE, error)
                self._loop.remove_handler(self._sock)
                self._pause = self._loop.call_later(ACCEPT_PAUSE, self._resume)
                return
            self._callback(connection, address)

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_handler(self._sock, self._accept, IOLoop.READ)


def is_valid_ip(ip: str) -> bool:
    """Return True if ``ip`` is an IPv4 or IPv6 address, not a name.

    Args:
        ip: Text of any origin; it is never looked up.
    """
    if not ip or "\x00" in ip:
        return False  # both would mean "any address" further down
    try:
        found = sockets.getaddrinfo(
            ip, 0, sockets.AF_UNSPEC, sockets.SOCK_STREAM, 0, sockets.AI_NUMERICHOST
        )
    except sockets.gaierror as error:
        if error.args[0] == sockets.EAI_NONAME:
            return False
        raise
    except UnicodeError:
        return False  # a label over 63 characters, which the IDNA codec refuses
    return bool(found)


if sys.platform == "win32":  # pragma: no cover
    del bind_unix_socket
