"""Opens connections: name, address, socket, TLS.

Layer: HTTP. Imports from ``_base``, ``_engine``, ``_net`` and from this package.

Addresses are tried as RFC 8305 ("Happy Eyeballs") has it: families in turn, the next attempt a
quarter of a second after the one before or as soon as that has failed, the first to succeed
wins. The losers' sockets are closed, also when the whole is cancelled.
"""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from whirlwind._base.errors import LocalProtocolError
from whirlwind._engine.yieldables import convert_yielded
from whirlwind._http.client.address import Address, interleaved, literal_address
from whirlwind._http.client.authentication import Account, Authenticator
from whirlwind._http.client.connection_key import ConnectionKey, TLSOptions
from whirlwind._http.client.errors import HTTPProxyError
from whirlwind._http.client.proxy import Proxy, tunnel_authority
from whirlwind._http.client.socks import ask_for_connection, socks_handshake
from whirlwind._http.client.target import Target
from whirlwind._http.client.tunnel import ask_for_tunnel, connect_head
from whirlwind._net.resolver import DefaultLoopResolver
from whirlwind._net.tls import ssl_options_to_context

_ATTEMPT_DELAY: Final = 0.25  # seconds; RFC 8305, section 5

HostnameMapping = Mapping[Any, Any]


class Progress:
    """What a connection attempt is doing, and when, on the loop's clock, stages ended.

    Attributes:
        stage: For messages: ``"while resolving example.com"``.
        name: The same under its name in ``HTTPResponse.time_info``.
        resolved, connected, secured: Times; 0 for stages that did not happen.
    """

    __slots__ = ("connected", "name", "resolved", "secured", "stage")

    def __init__(self) -> None:
        self.enter("connect", "while connecting")
        self.resolved = 0.0
        self.connected = 0.0
        self.secured = 0.0

    def enter(self, name: str, stage: str) -> None:
        """Say what is done next."""
        self.name = name
        self.stage = stage


class Connector:
    """Opens connections for one client.

    Args:
        loop: The loop.
        resolver: Has ``resolve(host, port, family)``, which returns what can be yielded, of pairs
            of family and address; None for the loop's own.
        hostname_mapping: What to connect to instead: keys ``host``, ``(host, port)`` or
            ``(host, port, family)``, values ``host`` or ``(host, port)``.
        authenticator: Says to proxies who is asking; None for a new one.
        user_agent: What to tell proxies of.

    Attributes:
        authenticator: As above; also for requests that need none of a connection.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        resolver: Any = None,
        hostname_mapping: HostnameMapping | None = None,
        *,
        authenticator: Authenticator | None = None,
        user_agent: str = "whirlwind",
    ) -> None:
        self.authenticator = authenticator or Authenticator(lambda: secrets.token_hex(16))
        self._user_agent = user_agent
        self._loop = loop
        # The usual one does what is done here, a detour later.
        self._resolver = None if type(resolver) is DefaultLoopResolver else resolver
        self._mapping = hostname_mapping
        self._contexts: dict[TLSOptions, ssl.SSLContext] = {}

    def prepare(self, key: ConnectionKey) -> None:
        """Make what connecting needs and takes long, before the time for it begins to run."""
        if key.tls is not None:
            self._context(key.tls)

    async def connect(
        self,
        key: ConnectionKey,
        target: Target,
        protocol: Callable[[], asyncio.Protocol],
        progress: Progress,
    ) -> None:
        """Open a connection and give it to a new protocol.

        Args:
            key: Whom to connect to, and how.
            target: For messages.
            protocol: Makes the protocol.
            progress: Is told what happens.

        Raises:
            OSError: No name, no route, nobody there, or no agreement about TLS
                (``ssl.SSLError`` is an ``OSError``).
            HTTPProxyError: The proxy opens no tunnel.
            ValueError: There is no name and password that can be shown to the proxy.
        """
        context = self._context(key.tls) if key.tls is not None else None
        if key.proxy is None:
            host, port = self._mapped(key.host, key.port, key.family)
        else:
            host, port = self._mapped(key.proxy.host, key.proxy.port, key.family)
        progress.enter("namelookup", f"while resolving {host}")
        addresses = await self._resolve(host, port, key.family)
        progress.resolved = self._loop.time()
        progress.enter("connect", "while connecting")
        sock = await open_socket(self._loop, addresses, key.interface)
        progress.connected = self._loop.time()
        if key.proxy is not None and key.proxy.version:
            await self._connect_by_socks(key.proxy, key, sock, progress)
        elif key.proxy is not None and key.host:
            sock = await self._tunnel(key.proxy, target, sock, addresses, key.interface, progress)
        try:
            if context is None:
                await self._loop.create_connection(protocol, sock=sock)
                return
            # The certificate is that of the server, whoever carries the bytes.
            progress.enter("appconnect", f"during TLS handshake with {target.authority}")
            await self._loop.create_connection(
                protocol, sock=sock, ssl=context, server_hostname=key.host
            )
            progress.secured = self._loop.time()
        except BaseException as error:
            # asyncio closes the socket of a failed handshake, uvloop does not always.
            sock.close()
            if isinstance(error, ConnectionError):
                raise _at_stage(error, progress) from error
            raise

    async def _tunnel(
        self,
        proxy: Proxy,
        target: Target,
        sock: socket.socket,
        addresses: Sequence[Address],
        interface: str | None,
        progress: Progress,
    ) -> socket.socket:
        """Return a socket, this or another one, that the proxy connects with the server."""
        authority = tunnel_authority(target)
        progress.enter("appconnect", f"while proxy {proxy.authority} connects to {authority}")
        account = proxy_account(proxy)
        answered = False
        while True:
            try:
                field = proxy.field
                if account is not None:
                    field = self.authenticator.field(account, "CONNECT", authority)
                head = connect_head(authority, self._user_agent, field)
                answer = await ask_for_tunnel(self._loop, sock, proxy, head)
            except BaseException as error:
                sock.close()
                if isinstance(error, ConnectionError):
                    raise _at_stage(error, progress) from error
                raise
            if answer.is_open:
                return sock
            sock.close()
            challenges = answer.headers.get("Proxy-Authenticate")
            if (
                answer.code != 407
                or account is None
                or not self.authenticator.learn(account, challenges, answered=answered)
            ):
                said = f"{answer.code} {answer.reason[:80]}".strip()
                raise HTTPProxyError(proxy.authority, f"no tunnel: {said}", answer.code)
            answered = True
            # Another connection: proxies mostly close the one that they refused.
            sock = await open_socket(self._loop, addresses, interface)

    async def _connect_by_socks(
        self, proxy: Proxy, key: ConnectionKey, sock: socket.socket, progress: Progress
    ) -> None:
        """Have a SOCKS proxy connect a socket with the server."""
        host, port = key.host, key.port
        try:
            if not proxy.resolves:
                progress.enter("namelookup", f"while resolving {host}")
                host, port = self._mapped(host, port, key.family)
                family = socket.AF_INET if proxy.version == 4 else key.family
                addresses = await self._resolve(host, port, family)
                if not addresses:
                    raise OSError(f"{host} has no address for a SOCKS {proxy.version} proxy")
                host, port = addresses[0][1][:2]
            progress.enter("appconnect", f"while proxy {proxy.authority} connects to {host}")
            handshake = socks_handshake(proxy, host, port)
            await ask_for_connection(self._loop, sock, proxy, handshake)
        except LocalProtocolError as error:
            sock.close()
            raise ValueError(str(error)) from error
        except BaseException:
            sock.close()
            raise

    def close(self) -> None:
        """Forget the TLS contexts."""
        self._contexts.clear()

    def _mapped(self, host: str, port: int, family: int) -> tuple[str, int]:
        if self._mapping:
            for name in ((host, port, family), (host, port), host):
                found = self._mapping.get(name)
                if found is not None:
                    return (found, port) if isinstance(found, str) else (found[0], found[1])
        return host, port

    async def _resolve(self, host: str, port: int, family: int) -> Sequence[Address]:
        if self._resolver is not None:
            found: Sequence[Address] = await convert_yielded(
                self._resolver.resolve(host, port, family)
            )
            return found
        literal = literal_address(host, port)
        if literal is not None and family in (socket.AF_UNSPEC, literal[0]):
            return [literal]
        infos = await self._loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        return [(info[0], info[4]) for info in infos]

    def _context(self, options: TLSOptions) -> ssl.SSLContext:
        if options.context is not None:
            return options.context
        context = self._contexts.get(options)
        if context is None:
            context = _default_context() if options == TLSOptions() else _make_context(options)
            self._contexts[options] = context
        return context


def _at_stage(error: ConnectionError, progress: Progress) -> ConnectionError:
    # asyncio and uvloop say nothing at all where the peer hung up in a handshake.
    how = "reset" if error.errno else "closed"
    return type(error)(error.errno or errno.ECONNRESET, f"Connection {how} {progress.stage}")


def proxy_account(proxy: Proxy) -> Account | None:
    """Return who one is to a proxy; None for nobody."""
    if proxy.username is None:
        return None
    place = ("proxy", proxy.host, proxy.port)
    return Account(place, proxy.username, proxy.password, proxy.auth_mode)


@lru_cache(maxsize=1)
def _default_context() -> ssl.SSLContext:
    # One for the process: to read some hundred certificates takes 20 ms and more.
    return _make_context(TLSOptions())


def _make_context(options: TLSOptions) -> ssl.SSLContext:
    if options.given is not None:
        return ssl_options_to_context(dict(options.given), server_side=False)
    if options.validate_cert:
        context = ssl.create_default_context(cafile=options.ca_certs)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if options.client_cert is not None:
        context.load_cert_chain(options.client_cert, options.client_key)
    return context


async def open_socket(
    loop: asyncio.AbstractEventLoop, addresses: Sequence[Address], interface: str | None
) -> socket.socket:
    """Connect to the first of several addresses that answers.

    Args:
        loop: The loop.
        addresses: Pairs of family and address, best first.
        interface: Local address to connect from; None for any.

    Returns:
        A connected socket.

    Raises:
        OSError: None of them answered; the error is that of the last attempt to end.
    """
    if interface is not None:
        literal = literal_address(interface, 0)
        family = None if literal is None else literal[0]
        addresses = [address for address in addresses if address[0] == family]
    waiting = interleaved(addresses)
    if not waiting:
        raise OSError("name has no address that can be used")
    if len(waiting) == 1:
        return await _attempt(loop, waiting[0], interface)
    waiting.reverse()
    running: set[asyncio.Task[socket.socket]] = set()
    winner: socket.socket | None = None
    failure: BaseException | None = None
    try:
        while winner is None:
            if waiting:
                running.add(loop.create_task(_attempt(loop, waiting.pop(), interface)))
            elif not running:
                assert failure is not None
                raise failure
            done, running = await asyncio.wait(
                running,
                timeout=_ATTEMPT_DELAY if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                if task.exception() is not None:
                    failure = task.exception()
                elif winner is None:
                    winner = task.result()
                else:
                    task.result().close()  # two in one turn
        return winner
    finally:
        failure = None  # its traceback holds this frame
        for task in running:
            task.add_done_callback(_close_result)
            task.cancel()


def _close_result(task: asyncio.Task[socket.socket]) -> None:
    # Connected in the moment that it was cancelled, or failed, which nobody wants to know.
    if not task.cancelled() and task.exception() is None:
        task.result().close()


async def _attempt(
    loop: asyncio.AbstractEventLoop, address: Address, interface: str | None
) -> socket.socket:
    family, where = address
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if interface is not None:
            sock.bind((interface, 0))
        await loop.sock_connect(sock, where)
    except OSError as error:
        sock.close()
        if error.errno is None:
            raise
        # asyncio says that a call failed, uvloop why, neither where to.
        raise OSError(error.errno, f"{os.strerror(error.errno)} ({_shown(where)})") from error
    except BaseException:
        sock.close()
        raise
    return sock


def _shown(where: Any) -> str:
    return f"{where[0]} port {where[1]}" if isinstance(where, tuple) else str(where)
