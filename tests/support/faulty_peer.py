"""A peer that misbehaves as its script says: plain functions on blocking sockets, in threads.

Threads, so that a script is written as it happens and depends on nothing of the loop under test.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from types import TracebackType

_PATIENCE = 8.0  # seconds; a script that waits longer has lost its client


class Wire:
    """One accepted connection.

    Attributes:
        sock: Its socket; that of TLS after ``secure``.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(_PATIENCE)
        # What waits to be sent is lost in a reset, and what came before it would depend on time.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self._unread = b""

    def secure(self, context: ssl.SSLContext) -> None:
        """Shake hands."""
        # In two steps: the one closes the socket where the handshake fails.
        self.sock = context.wrap_socket(self.sock, server_side=True, do_handshake_on_connect=False)
        self.sock.do_handshake()

    def read(self, size: int) -> bytes:
        """Read exactly so many bytes."""
        while len(self._unread) < size:
            self._more()
        got, self._unread = self._unread[:size], self._unread[size:]
        return got

    def head(self) -> bytes:
        """Read up to the empty line."""
        while b"\r\n\r\n" not in self._unread:
            self._more()
        end = self._unread.index(b"\r\n\r\n") + 4
        return self.read(end)

    def _more(self) -> None:
        piece = self.sock.recv(65_536)
        if not piece:
            raise ConnectionError("the client has hung up")
        self._unread += piece

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def hang_up(self) -> None:
        """End what is sent, and read on to the end of what is received."""
        self.sock.shutdown(socket.SHUT_WR)
        self.hold()

    def finish(self) -> None:
        """End as one should: over TLS with its farewell."""
        if isinstance(self.sock, ssl.SSLSocket):
            # It waits for the other's, which may never come.
            with contextlib.suppress(OSError):
                self.sock.settimeout(0.2)
                self.sock = self.sock.unwrap()
        self.sock.close()

    def reset(self) -> None:
        """End with a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def hold(self) -> None:
        """Do nothing until the client has gone."""
        # Past TLS, which may have failed.
        while socket.socket.recv(self.sock, 65_536):
            pass


Script = Callable[[Wire], None]


class FaultyPeer:
    """Listens on a port; connections get the scripts in turn, and the last one from then on.

    Args:
        *scripts: What to do with the connections.

    Attributes:
        port: Where it listens.
        connections: How many came.
    """

    def __init__(self, *scripts: Script) -> None:
        self._scripts = scripts
        self._threads: list[threading.Thread] = []
        self._socks: list[Wire] = []
        self._errors: list[BaseException] = []
        self._lock = threading.Lock()
        self._ended = False
        self.connections = 0
        self.port = 0

    def __enter__(self) -> FaultyPeer:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.port = self._listening.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, name="peer: accepting")
        self._accepting.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._ended = True
        # A thread in accept() hears nothing of a close.
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()
        self._accepting.join()
        self._listening.close()
        if error is not None:  # whoever still waits waits for a client that will not come
            for wire in self._socks:
                with contextlib.suppress(OSError):
                    wire.sock.shutdown(socket.SHUT_RDWR)
        self.join()
        if error is None and self._errors:
            raise self._errors[0]

    def join(self) -> None:
        """Wait until the scripts of all connections so far have come to their end."""
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            sock, _ = self._listening.accept()
            if self._ended:
                sock.close()
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            wire = Wire(sock)
            self._socks.append(wire)
            thread = threading.Thread(target=self._run, args=(script, wire), name="peer: serving")
            self._threads.append(thread)
            thread.start()

    def _run(self, script: Script, wire: Wire) -> None:
        try:
            script(wire)
        except OSError as error:
            if isinstance(error, TimeoutError):
                self._errors.append(error)
        except BaseException as error:
            self._errors.append(error)
        finally:
            wire.sock.close()


def reply(data: bytes, then: Script = Wire.hold) -> Script:
    """Read a request without a body, send some bytes, and do something else."""

    def script(wire: Wire) -> None:
        wire.head()
        wire.send(data)
        then(wire)

    return script
