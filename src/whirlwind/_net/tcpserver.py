"""A server that makes a stream of each connection.

Layer: net. Imports from ``_base``, ``_engine`` and ``_net``.
"""

from __future__ import annotations

import errno
import os
import socket as sockets
import ssl
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from whirlwind._base.limits import BACKLOG
from whirlwind._base.log import app_log
from whirlwind._base.old_arguments import accepts_old
from whirlwind._engine.yieldables import convert_yielded
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.iostream import IOStream, SSLIOStream
from whirlwind._net.sockets import add_accept_handler, bind_sockets
from whirlwind._net.tls import SSLOptions, ssl_wrap_socket
from whirlwind._net.worker_processes import fork_processes


class TCPServer:
    """Listens, accepts, and hands each connection to ``handle_stream`` as a stream.

    Subclass it and override ``handle_stream``, or assign a function to that name on an
    instance. ``listen`` does everything for one process; ``bind_sockets``, ``fork_processes``
    and ``add_sockets`` do it for several.

    Args:
        ssl_options: For TLS: a context, or a dict as for ``ssl_options_to_context`` with a
            ``certfile``; None for none.
        max_buffer_size: As for ``IOStream``.
        read_chunk_size: As for ``IOStream``.

    Raises:
        KeyError: A dict of options without ``certfile``.
        ValueError: ``certfile`` or ``keyfile`` is no file.

    Attributes:
        io_loop: As given; the loop of the sockets that were added first, where None was given.
        ssl_options: As given; read for each connection, so it may be changed.
        max_buffer_size: As given.
        read_chunk_size: As given.
    """

    @accepts_old("io_loop")
    def __init__(
        self,
        ssl_options: SSLOptions | None = None,
        max_buffer_size: int | None = None,
        read_chunk_size: int | None = None,
        io_loop: IOLoop | None = None,
    ) -> None:
        # Twice: a program's class may have an attribute of that name for a loop of another kind.
        self.io_loop = self._server_loop = io_loop
        self.ssl_options = ssl_options
        self.max_buffer_size = max_buffer_size
        self.read_chunk_size = read_chunk_size
        self._sockets: dict[int, sockets.socket] = {}
        self._handlers: dict[int, Callable[[], None]] = {}
        self._pending_sockets: list[sockets.socket] = []
        self._started = False
        self._stopped = False
        if isinstance(ssl_options, dict):
            # Found here, not with the first connection hours later.
            if "certfile" not in ssl_options:
                raise KeyError('missing key "certfile" in ssl_options')
            for key in ("certfile", "keyfile"):
                path = ssl_options.get(key)
                if path is not None and not os.path.exists(path):
                    raise ValueError(f'{key} "{path}" does not exist')

    def listen(
        self,
        port: int,
        address: str | None = None,
        family: sockets.AddressFamily = sockets.AF_UNSPEC,
        backlog: int = BACKLOG,
        flags: int | None = None,
        reuse_port: bool = False,
    ) -> None:
        """Accept connections on a port; may be called for several.

        Args:
            port: As for ``bind_sockets``, like all of the arguments.
            address: None for every address of the machine.
            family: One family only, or ``AF_UNSPEC``.
            backlog: Connections that wait in the kernel; an HTTP server may let more of them wait.
            flags: For looking up ``address``.
            reuse_port: True to share the port with other processes.

        Raises:
            OSError: The port is taken or not allowed; the address is unknown.
        """
        self.add_sockets(bind_sockets(port, address, family, backlog, flags, reuse_port))

    def add_sockets(self, sockets: Iterable[sockets.socket]) -> None:
        """Accept connections from sockets that listen, as ``bind_sockets`` makes them."""
        loop = self._loop_to_serve_on()
        self._begin_again()
        for sock in sockets:
            self._sockets[sock.fileno()] = sock
            self._handlers[sock.fileno()] = add_accept_handler(sock, self._handle_connection, loop)

    def _loop_to_serve_on(self) -> IOLoop:
        if self._server_loop is None:
            # Not in the constructor: a program may fork in between.
            self._server_loop = IOLoop.current()
            if self.io_loop is None:
                self.io_loop = self._server_loop
        return self._server_loop

    def _begin_again(self) -> None:
        """Make a server that was stopped one that can be stopped."""
        if self._stopped:
            self._stopped = False
            self._sockets.clear()  # closed; left there for programs that look at them afterwards

    def add_socket(self, socket: sockets.socket) -> None:
        """Accept connections from one socket that listens."""
        self.add_sockets([socket])

    def bind(
        self,
        port: int,
        address: str | None = None,
        family: sockets.AddressFamily = sockets.AF_UNSPEC,
        backlog: int = BACKLOG,
        flags: int | None = None,
        reuse_port: bool = False,
    ) -> None:
        """Listen on a port, without accepting before ``start``.

        Arguments and errors are those of ``listen``.
        """
        bound = bind_sockets(port, address, family, backlog, flags, reuse_port)
        if self._started:
            self.add_sockets(bound)
        else:
            self._pending_sockets.extend(bound)

    def start(self, num_processes: int | None = 1, max_restarts: int | None = None) -> None:
        """Begin to accept on what ``bind`` listens to.

        Args:
            num_processes: 1 for this process; more to fork that many, None or 0 to fork one for
                each core. Fork before the first loop is made.
            max_restarts: How often all in all to replace a process that died; None for 100.

        Raises:
            RuntimeError: It has been called already.
        """
        if self._started:
            raise RuntimeError("start() was called before")
        self._started = True
        if num_processes != 1:
            fork_processes(num_processes, max_restarts)
        pending, self._pending_sockets = self._pending_sockets, []
        self.add_sockets(pending)

    def stop(self) -> None:
        """Stop listening, until the next ``listen``.

        Connections that are open go on. A second call does nothing.
        """
        if self._stopped:
            return
        self._stopped = True
        for fd, sock in self._sockets.items():
            self._handlers.pop(fd)()
            sock.close()
        for sock in self._pending_sockets:
            sock.close()
        self._pending_sockets.clear()

    def handle_stream(self, stream: IOStream, address: Any) -> Awaitable[None] | None:
        """Handle a new connection; override it.

        Args:
            stream: The connection. With TLS its handshake goes on; reads and writes wait for
                it.
            address: The peer, as its family of addresses has it: ``(host, port)`` and, for
                IPv6, two numbers more.

        Returns:
            None, or something to be awaited, as from ``async def``. What goes wrong in either
            is logged.
        """
        raise NotImplementedError

    def _handle_connection(self, connection: sockets.socket, address: Any) -> None:
        sock: Any = connection
        stream_class = IOStream
        if self.ssl_options is not None:
            stream_class = SSLIOStream
            try:
                sock = ssl_wrap_socket(
                    connection,
                    self.ssl_options,
                    server_side=True,
                    do_handshake_on_connect=False,
                )
            except OSError as error:
                connection.close()
                # Gone before we looked, which load balancers do to see whether we are here.
                gone = (errno.ECONNABORTED, errno.EINVAL, errno.ENOTCONN)
                if isinstance(error, ssl.SSLEOFError) or error.errno in gone:
                    return
                raise
        try:
            stream = stream_class(
                sock,
                max_buffer_size=self.max_buffer_size,
                read_chunk_size=self.read_chunk_size,
                io_loop=self._loop_to_serve_on(),
            )
            result = self.handle_stream(stream, address)
            if result is not None:
                # A callback that hands on the result hands on the exception: the loop logs it.
                IOLoop.current().add_future(convert_yielded(result), lambda future: future.result())
        except Exception:
            app_log.error("Error in connection callback", exc_info=True)
