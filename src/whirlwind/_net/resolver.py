"""Host names to addresses, in one of several ways.

Layer: net. Imports from ``_base``, ``_engine`` and the loop.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import socket as sockets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, TypeAlias

from whirlwind._base.configurable import Configurable
from whirlwind._base.old_arguments import accepts_old
from whirlwind._engine.coroutine import call_with_result
from whirlwind._net.ioloop import IOLoop

AddressList: TypeAlias = list[tuple[int, Any]]
Callback: TypeAlias = Callable[[AddressList], object]


class Resolver(Configurable):
    """Finds the addresses of a host.

    ``Resolver()`` builds what was configured: ``DefaultLoopResolver`` unless a program chose
    another by ``Resolver.configure``. Subclass it to find addresses elsewhere, in a service
    registry for example; ``OverrideResolver`` replaces single names.
    """

    @classmethod
    def configurable_base(cls) -> type[Configurable]:
        return Resolver

    @classmethod
    def configurable_default(cls) -> type[Configurable]:
        return DefaultLoopResolver

    def _initialize(self, io_loop: IOLoop | None = None) -> None:
        pass

    #: Sets up; called by the constructor. Override it with arguments of your own. The stock one
    #: takes ``io_loop``, as Tornado did up to 4; the loop that runs is asked in any case.
    initialize: Callable[..., None] = _initialize

    def resolve(
        self, host: str, port: int, family: sockets.AddressFamily = sockets.AF_UNSPEC
    ) -> Awaitable[AddressList]:
        """Find the addresses of a host.

        The resolvers here also take ``callback``, as until Tornado 5.1: called with the result. An
        exception goes to the ``gen.Task`` or context that it is called in, else to the log.

        Args:
            host: A name or an IP address.
            port: For the addresses; it is not looked up.
            family: ``AF_INET`` or ``AF_INET6`` for addresses of that family only.

        Returns:
            Awaitable of pairs of a family and an address for ``socket.connect``, the best
            first.

        Raises:
            OSError: The name has no address; when awaited.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Free what the resolver holds; it is not to be used afterwards."""


def _look_up(host: str, port: int, family: int) -> AddressList:
    found = sockets.getaddrinfo(host, port, family, sockets.SOCK_STREAM)
    return [(place[0], place[4]) for place in found]


class _StockResolver(Resolver):
    """What the resolvers here have in common: a callback may be given as well."""

    @accepts_old("callback")
    def resolve(
        self,
        host: str,
        port: int,
        family: sockets.AddressFamily = sockets.AF_UNSPEC,
        callback: Callback | None = None,
    ) -> Awaitable[AddressList]:
        found = self._find(host, port, family)
        if callback is None:
            return found
        future = asyncio.ensure_future(found)
        call_with_result(callback, future)
        return future

    def _find(self, host: str, port: int, family: sockets.AddressFamily) -> Awaitable[AddressList]:
        raise NotImplementedError


class DefaultExecutorResolver(_StockResolver):
    """Asks the system on the loop's default thread pool."""

    async def _find(self, host: str, port: int, family: sockets.AddressFamily) -> AddressList:
        return await IOLoop.current().run_in_executor(None, _look_up, host, port, family)


class DefaultLoopResolver(_StockResolver):
    """Asks the asyncio loop, which asks the system without blocking."""

    async def _find(self, host: str, port: int, family: sockets.AddressFamily) -> AddressList:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, family=family, type=sockets.SOCK_STREAM
        )
        return [(place[0], place[4]) for place in found]


class ExecutorResolver(_StockResolver):
    """Asks the system on an executor of the program's choice.

    Deprecated since Tornado 5.0: give the loop another default executor instead.

    Attributes:
        executor: Where it asks; None to ask in place, which blocks the loop.
        close_executor: True if ``close`` shuts the executor down.
    """

    executor: concurrent.futures.Executor | None
    close_executor: bool

    @accepts_old("io_loop")
    def initialize(
        self,
        executor: concurrent.futures.Executor | None = None,
        close_executor: bool = True,
        io_loop: IOLoop | None = None,
    ) -> None:
        """Set up; called by the constructor.

        Args:
            executor: Where to ask; None to ask in place.
            close_executor: Whether the executor is this resolver's to shut down.
            io_loop: As for ``Resolver``.
        """
        self.executor = executor
        self.close_executor = close_executor and executor is not None

    def close(self) -> None:
        if self.close_executor and self.executor is not None:
            self.executor.shutdown()
        self.executor = None

    def _find(self, host: str, port: int, family: sockets.AddressFamily) -> Awaitable[AddressList]:
        loop = IOLoop.current()
        if self.executor is not None:
            return loop.run_in_executor(self.executor, _look_up, host, port, family)
        future: asyncio.Future[AddressList] = loop.asyncio_loop.create_future()
        try:
            future.set_result(_look_up(host, port, family))
        except Exception as error:  # OSError, and what is no name at all
            future.set_exception(error)
        return future


class BlockingResolver(ExecutorResolver):
    """Asks the system in place: the loop stands still meanwhile. Deprecated since Tornado 5.0."""

    @accepts_old("io_loop")
    def initialize(self, io_loop: IOLoop | None = None) -> None:  # type: ignore[override]
        """Set up; called by the constructor.

        Args:
            io_loop: As for ``Resolver``.
        """
        super().initialize()


class ThreadedResolver(ExecutorResolver):
    """Asks the system on threads of its own, which all its instances share.

    Deprecated since Tornado 5.0, whose default does the same on the loop's threads.
    """

    # One pool for the process. A child process inherits the object without the threads, hence
    # the process that made it.
    _threadpool: ClassVar[concurrent.futures.ThreadPoolExecutor | None] = None
    _threadpool_process: ClassVar[int | None] = None

    @accepts_old("io_loop")
    def initialize(  # type: ignore[override]
        self, num_threads: int = 10, io_loop: IOLoop | None = None
    ) -> None:
        """Set up; called by the constructor.

        Args:
            num_threads: Threads of the pool, if this is the first instance in the process.
            io_loop: As for ``Resolver``.
        """
        cls = ThreadedResolver
        if cls._threadpool is None or cls._threadpool_process != os.getpid():
            cls._threadpool = concurrent.futures.ThreadPoolExecutor(num_threads)
            cls._threadpool_process = os.getpid()
        super().initialize(executor=cls._threadpool, close_executor=False)


class OverrideResolver(_StockResolver):
    """Replaces some names before another resolver sees them, as a host file does.

    For tests, and for talking to a machine under the name that its certificate holds.

    Attributes:
        resolver: Who is asked.
        mapping: From ``host``, ``(host, port)`` or ``(host, port, family)`` to the ``host`` or
            ``(host, port)`` that is looked up instead; the most exact key counts.
    """

    resolver: Resolver
    mapping: Mapping[Any, Any]

    def initialize(self, resolver: Resolver, mapping: Mapping[Any, Any]) -> None:
        """Set up; called by the constructor.

        Args:
            resolver: Who is asked.
            mapping: As the attribute of that name.
        """
        self.resolver = resolver
        self.mapping = mapping

    def close(self) -> None:
        self.resolver.close()

    def _find(self, host: str, port: int, family: sockets.AddressFamily) -> Awaitable[AddressList]:
        for key in ((host, port, family), (host, port), host):
            if key in self.mapping:
                instead = self.mapping[key]
                host, port = (instead, port) if isinstance(instead, str) else instead
                break
        return self.resolver.resolve(host, port, family)
