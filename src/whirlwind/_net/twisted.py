"""Twisted beside us: one loop for both, and its Deferreds where a coroutine waits.

Layer: net. Imports from ``_engine`` and the loop. Needs ``twisted`` (extra ``twisted``): importing
this module is asking for it.

Twisted's reactor can run on asyncio, and so does our loop. What took a reactor made of a loop, and
a loop made of a reactor, is now a matter of giving the reactor the loop that the program has.
"""

from __future__ import annotations

import asyncio
import socket as sockets
from typing import Any, TypeAlias

from twisted.internet import asyncioreactor
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.base import DelayedCall
from twisted.internet.defer import Deferred
from twisted.internet.main import installReactor
from twisted.names import client, dns
from twisted.names.error import DNSQueryTimeoutError, DomainError, ResolverError

from whirlwind._base.old_arguments import accepts_old
from whirlwind._engine.yieldables import convert_yielded
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.resolver import AddressList, Resolver

_Found: TypeAlias = tuple[sockets.AddressFamily, list[str]]

# What ``callLater`` of the reactor returns.
TornadoDelayedCall = DelayedCall


@convert_yielded.register(Deferred)
def future_of(deferred: Deferred[Any]) -> asyncio.Future[Any]:
    """Turn a Deferred into a future; this is what makes one yieldable.

    Args:
        deferred: Its result is taken: callbacks that are added later see None.

    Returns:
        A future of the loop, done at once if the Deferred has fired. Cancelling it cancels the
        Deferred.
    """
    return deferred.asFuture(IOLoop.current().asyncio_loop)


class TornadoReactor(asyncioreactor.AsyncioSelectorReactor):
    """Twisted's reactor on our loop.

    ``install`` makes one for the program. Make one yourself only where a reactor is passed as an
    argument, in tests for example.

    Args:
        io_loop: The loop to run on; None for the current one.
    """

    def __init__(self, io_loop: IOLoop | None = None) -> None:
        super().__init__((io_loop or IOLoop.current()).asyncio_loop)


@accepts_old("io_loop")
def install(io_loop: IOLoop | None = None) -> TornadoReactor:
    """Make Twisted's reactor run on our loop.

    Call it before anything imports ``twisted.internet.reactor``. Afterwards ``reactor.run()`` runs
    both. So does ``IOLoop.current().start()``, with ``reactor.startRunning()`` before it for what
    waits for the reactor's start.

    Args:
        io_loop: The loop to run on; None for the current one.

    Returns:
        The reactor.

    Raises:
        ReactorAlreadyInstalledError: The program has a reactor already.
    """
    reactor = TornadoReactor(io_loop)
    installReactor(reactor)  # type: ignore[no-untyped-call]
    return reactor


class TwistedResolver(Resolver):
    """Asks name servers, by Twisted's resolver, which reads ``/etc/hosts`` first.

    Where both kinds of addresses will do, a host is asked for IPv4 ones, and for others if it has
    none. The program's reactor must be one of ``install``. Deprecated since Tornado 6.2: the
    default resolver does not block either.
    """

    def initialize(self) -> None:
        """Set up; called by the constructor."""
        # Not at the import: it makes a reactor of another kind where none was installed.
        self.resolver: Any = client.createResolver()  # type: ignore[no-untyped-call]

    async def resolve(
        self, host: str, port: int, family: sockets.AddressFamily = sockets.AF_UNSPEC
    ) -> AddressList:
        kind, found = _literal(host) or await self._look_up(host, family)
        if not found or family not in (sockets.AF_UNSPEC, kind):
            raise OSError(f"cannot resolve {host[:255]!r}: it has no address of that kind")
        return [(kind, (address, port)) for address in found]

    async def _look_up(self, host: str, family: int) -> _Found:
        kind, found = sockets.AF_INET, list[str]()
        try:
            if family != sockets.AF_INET6:
                answers, _, _ = await future_of(self.resolver.lookupAddress(host))
                found = [a.payload.dottedQuad() for a in answers if a.type == dns.A]
            if not found and family != sockets.AF_INET:
                kind = sockets.AF_INET6
                answers, _, _ = await future_of(self.resolver.lookupIPV6Address(host))
                found = [
                    sockets.inet_ntop(sockets.AF_INET6, a.payload.address)
                    for a in answers
                    if a.type == dns.AAAA
                ]
        except (DomainError, ResolverError, DNSQueryTimeoutError) as error:
            raise OSError(f"cannot resolve {host[:255]!r}: {type(error).__name__}") from error
        return kind, found


def _literal(host: str) -> _Found | None:
    if isIPAddress(host):
        return sockets.AF_INET, [host]
    if isIPv6Address(host):
        return sockets.AF_INET6, [host]
    return None
