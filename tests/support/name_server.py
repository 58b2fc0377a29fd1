"""A name server on a UDP socket of its own, for resolvers that ask one."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

A, AAAA, NO_SUCH_NAME = 1, 28, 3
ADDRESS = "192.0.2.7"  # for documentation: RFC 5737
ADDRESS_6 = "2001:db8::7"  # likewise: RFC 3849

# name: type of the one record that it has, and its data
NAMES = {
    b"\x05known\x04test\0": (A, socket.inet_aton(ADDRESS)),
    b"\x05only6\x04test\0": (AAAA, socket.inet_pton(socket.AF_INET6, ADDRESS_6)),
}


class NameServer(asyncio.DatagramProtocol):
    """Knows ``known.test``, which has one IPv4 address, and ``only6.test``, which has one of IPv6.

    Attributes:
        port: Where it listens.
        asked: Set once a question has come.
        silent: Whether to answer nothing.
    """

    def __init__(self) -> None:
        self.port = 0
        self.asked = asyncio.Event()
        self.silent = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.DatagramTransport = transport  # type: ignore[assignment]
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked.set()
        if self.silent:
            return
        # Source: RFC 1035, section 4.1: header, question (its name ends with an empty label).
        end = data.index(b"\0", 12) + 5
        question = data[12:end]
        (kind,) = struct.unpack(">H", data[end - 4 : end - 2])
        record = NAMES.get(question[:-4].lower())
        answers = record is not None and record[0] == kind
        flags = 0x8180 | (NO_SUCH_NAME if record is None else 0)
        reply = data[:2] + struct.pack(">HHHHH", flags, 1, int(answers), 0, 0) + question
        if record is not None and answers:
            reply += struct.pack(">HHHIH", 0xC00C, kind, 1, 60, len(record[1])) + record[1]
        self.transport.sendto(reply, addr)


@asynccontextmanager
async def name_server() -> AsyncIterator[NameServer]:
    """A name server for the length of a block."""
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        NameServer, local_addr=("127.0.0.1", 0)
    )
    try:
        yield server
    finally:
        transport.close()
        await asyncio.sleep(0)
