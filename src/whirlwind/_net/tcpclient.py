"""Streams to hosts by name.

Layer: net. Imports from ``_base``, ``_engine`` and ``_net``.
"""

from __future__ import annotations

import asyncio
import datetime
import functools
import socket as sockets
from typing import Any

from whirlwind._base.old_arguments import accepts_old
from whirlwind._engine.yieldables import convert_yielded
from whirlwind._net.happy_eyeballs import Attempt, Connector, format_address
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.iostream import IOStream
from whirlwind._net.resolver import Resolver
from whirlwind._net.tls import SSLOptions


class TCPClient:
    """Connects to hosts by name.

    Args:
        resolver: Finds the addresses; None for ``Resolver()``, which ``close`` then closes.

    Attributes:
        resolver: As given, or the one that was made.
    """

    @accepts_old("io_loop")
    def __init__(self, resolver: Resolver | None = None, io_loop: IOLoop | None = None) -> None:
        # Not needed: connect() is a coroutine, and works on whichever loop runs it.
        del io_loop
        self._own_resolver = resolver is None
        self.resolver = Resolver() if resolver is None else resolver

    def close(self) -> None:
        """Free the resolver if this client made it. Streams go on."""
        if self._own_resolver:
            self.resolver.close()

    async def connect(
        self,
        host: str,
        port: int,
        af: sockets.AddressFamily = sockets.AF_UNSPEC,
        ssl_options: SSLOptions | None = None,
        max_buffer_size: int | None = None,
        source_ip: str | None = None,
        source_port: int | None = None,
        timeout: float | datetime.timedelta | None = None,
    ) -> IOStream:
        """Connect to a host.

        Addresses of both families are tried, overlapping, until one answers (RFC 8305).
        Cancelling ends all attempts.

        Args:
            host: A name or an IP address.
            port: Of the host.
            af: ``AF_INET`` or ``AF_INET6`` to use that family only.
            ssl_options: For TLS: a context, or a dict as for ``ssl_options_to_context``; None
                for none.
            max_buffer_size: As for ``IOStream``.
            source_ip: Address of this machine to connect from; None leaves it to the system.
            source_port: Port to connect from; None leaves it to the system.
            timeout: Longest time for all of it, in seconds or a ``timedelta``; None for as
                long as the system tries.

        Returns:
            A stream; an ``SSLIOStream``, after its handshake, with ``ssl_options``.

        Raises:
            TimeoutError: ``timeout`` has passed; the message says in which step.
            StreamClosedError: No address could be connected to; ``real_error`` is that of the
                last one.
            OSError: The name has no address, ``source_ip`` is not of this machine, or the
                handshake failed (``ssl.SSLError``).
            TypeError: ``timeout`` is neither.
        """
        loop = IOLoop.current()
        deadline: float | None = None
        if timeout is not None:
            if isinstance(timeout, datetime.timedelta):
                timeout = timeout.total_seconds()
            elif not hasattr(timeout, "__float__"):
                raise TypeError(f"Unsupported timeout {timeout!r}")
            deadline = loop.time() + timeout
        found = convert_yielded(self.resolver.resolve(host, port, af))
        addresses = await _before(deadline, found, f"Timeout while resolving {host}")
        connector = Connector(
            addresses,
            functools.partial(
                self._create_stream,
                max_buffer_size,
                source_ip=source_ip,
                source_port=source_port,
            ),
        )
        address: Any
        stream: IOStream
        _, address, stream = await _before(None, connector.start(connect_timeout=deadline))
        if ssl_options is None:
            return stream
        try:
            handshake = stream.start_tls(False, ssl_options=ssl_options, server_hostname=host)
        except BaseException:
            stream.close()
            raise
        peer = format_address(address)
        secure: IOStream = await _before(
            deadline, handshake, f"Timeout during TLS handshake with {peer}"
        )
        return secure

    def _create_stream(
        self,
        max_buffer_size: int | None,
        af: int,
        addr: Any,
        source_ip: str | None = None,
        source_port: int | None = None,
    ) -> Attempt:
        sock = sockets.socket(af)
        try:
            if source_ip or source_port:
                anywhere = "::" if af == sockets.AF_INET6 else "0.0.0.0"  # noqa: S104 - no server
                sock.bind((source_ip or anywhere, source_port or 0))
            stream = IOStream(sock, max_buffer_size=max_buffer_size)
        except BaseException:
            sock.close()
            raise
        return stream, stream.connect(addr)


async def _before(deadline: float | None, future: asyncio.Future[Any], message: str = "") -> Any:
    """Wait for one step of connecting; whatever ends the waiting leaves no stream behind.

    Args:
        deadline: Seconds on the loop's clock; None for none.
        future: The step. Cancelling it must stop it.
        message: Of the ``TimeoutError``; it names the step.
    """
    loop = IOLoop.current()
    expired = False

    def expire() -> None:
        nonlocal expired
        expired = future.cancel()

    timer = None if deadline is None else loop.call_at(deadline, expire)
    try:
        return await future
    except asyncio.CancelledError:
        if expired:
            raise TimeoutError(message) from None
        if future.done() and not future.cancelled() and future.exception() is None:
            # Cancelled in the turn between success and our hearing of it.
            result = future.result()
            stream = result[2] if isinstance(result, tuple) else result
            if isinstance(stream, IOStream):
                stream.close()
        raise
    finally:
        if timer is not None:
            loop.remove_timeout(timer)
