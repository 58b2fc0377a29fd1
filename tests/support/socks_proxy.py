"""A SOCKS proxy on a socket, versions 4, 4a and 5, written apart from the client's side of it."""

from __future__ import annotations

import asyncio
import ipaddress
import struct

from tests.support.proxy import Proxy, pump


class SocksProxy(Proxy):
    """A SOCKS proxy.

    Attributes:
        asked: What it was asked for: version, host, port.
        users: Who asked, in the same order; ``name:password`` with version 5, the name with 4.
        account: ``name:password`` that version 5 wants; None for nobody's.
        routes: Host and port to connect to instead, by host.
        refusal: The code to answer with instead of connecting; None to connect.
        answer: Bytes to say to the first message, before the end; None for the protocol's.
        silent: Whether it never answers.
        slow: Whether each byte of an answer goes out on its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, str, int]] = []
        self.users: list[str | None] = []
        self.account: str | None = None
        self.routes: dict[str, tuple[str, int]] = {}
        self.refusal: int | None = None
        self.answer: bytes | None = None
        self.silent = False
        self.slow = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            version = (await reader.readexactly(1))[0]
            if self.silent:
                await reader.read()
                return
            if self.answer is not None:
                writer.write(self.answer)
                await writer.drain()
                return
            wanted = await (self._five if version == 5 else self._four)(reader, writer)
            if wanted is None:
                await writer.drain()
                return
            up, down = await asyncio.open_connection(*self.routes.get(wanted[0], wanted))
            try:
                await self._say(writer, self._granted(version))
                await asyncio.gather(_pump_to_end(reader, down), _pump_to_end(up, writer))
            finally:
                down.close()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    async def _say(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        pieces = [data[at : at + 1] for at in range(len(data))] if self.slow else [data]
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    async def _five(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[str, int] | None:
        count = (await reader.readexactly(1))[0]
        offered = await reader.readexactly(count)
        user = None
        if self.account is not None:
            if 2 not in offered:
                await self._say(writer, b"\x05\xff")
                return None
            await self._say(writer, b"\x05\x02")
            _, size = await reader.readexactly(2)
            name = (await reader.readexactly(size)).decode()
            size = (await reader.readexactly(1))[0]
            user = f"{name}:{(await reader.readexactly(size)).decode()}"
            if user != self.account:
                await self._say(writer, b"\x01\x01")
                return None
            await self._say(writer, b"\x01\x00")
        else:
            await self._say(writer, b"\x05\x00")
        version, command, _, kind = await reader.readexactly(4)
        assert (version, command) == (5, 1)
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            packed = await reader.readexactly({1: 4, 4: 16}[kind])
            host = str(ipaddress.ip_address(packed))
        (port,) = struct.unpack("!H", await reader.readexactly(2))
        self.asked.append((5, host, port))
        self.users.append(user)
        if self.refusal is not None:
            await self._say(writer, bytes([5, self.refusal, 0, 1, 0, 0, 0, 0, 0, 0]))
            return None
        return host, port

    async def _four(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[str, int] | None:
        command, port, packed = struct.unpack("!BH4s", await reader.readexactly(7))
        assert command == 1
        user = (await reader.readuntil(b"\0"))[:-1].decode()
        host, version = str(ipaddress.ip_address(packed)), 4
        if packed[:3] == b"\0\0\0" and packed[3]:
            host = (await reader.readuntil(b"\0"))[:-1].decode()
            version = 41
        self.asked.append((version, host, port))
        self.users.append(user)
        if self.refusal is not None:
            await self._say(writer, bytes([0, self.refusal, 0, 0, 0, 0, 0, 0]))
            return None
        return host, port

    def _granted(self, version: int) -> bytes:
        if version == 4:
            return b"\x00\x5a\x00\x00\x00\x00\x00\x00"
        # An address of any kind may stand here; a name is the longest way to say nothing.
        return b"\x05\x00\x00\x03\x04here\x00\x50"


async def _pump_to_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await pump(reader, writer)
    except ConnectionError:
        pass
    finally:
        writer.close()


socks = SocksProxy.running
