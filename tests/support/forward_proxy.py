"""An HTTP proxy on a socket: it sends requests on, and opens tunnels with CONNECT."""

from __future__ import annotations

import asyncio
import base64
from urllib.parse import urlsplit

from tests.support.digest_check import DigestCheck
from tests.support.proxy import Proxy, pump

# Meant for the proxy and not for whoever is behind it (RFC 9110, sections 7.6.1 and 11.7).
_OWN_FIELDS = ("proxy-authorization", "proxy-connection", "connection", "keep-alive")


class ForwardProxy(Proxy):
    """An HTTP proxy.

    Attributes:
        heads: The head of each request that it got, as it came.
        tunnels: What each opened tunnel leads to.
        basic: ``name:password`` that it wants; None for nobody's.
        digest: Whom it lets in; None for all.
        routes: Host and port to connect to instead, by what the request names.
        connect_answer: What to say to CONNECT instead of opening a tunnel.
        closes: Whether it closes a connection whose request it refuses.
    """

    def __init__(self) -> None:
        super().__init__()
        self.heads: list[str] = []
        self.tunnels: list[str] = []
        self.basic: str | None = None
        self.digest: DigestCheck | None = None
        self.routes: dict[str, tuple[str, int]] = {}
        self.connect_answer: bytes | None = None
        self.closes = True

    def named(self, name: str) -> list[str]:
        """Values of a field in the requests that came, one for each; empty where it was absent."""
        return [fields_of(head).get(name.lower(), "") for head in self.heads]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._serve_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.heads.append(head)
        method, target, _ = head.partition("\r\n")[0].split(" ")
        fields = fields_of(head)
        challenge = self._refusal(fields.get("proxy-authorization"), method, target)
        if challenge is not None:
            writer.write(
                b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n"
                b"Proxy-Authenticate: %b\r\n%b\r\nno"
                % (challenge.encode(), b"Connection: close\r\n" if self.closes else b"")
            )
            return not self.closes
        if method == "CONNECT":
            if self.connect_answer is not None:
                writer.write(self.connect_answer)
                await writer.drain()
                return False
            self.tunnels.append(target)
            host, _, port = target.rpartition(":")
            inner = await asyncio.open_connection(*self.routes.get(target, (host, int(port))))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await _pump_both((reader, writer), inner)
            return False
        url = urlsplit(target)
        assert url.scheme == "http", target
        assert fields["host"] == url.netloc
        body = await reader.readexactly(int(fields.get("content-length", "0")))
        lines = head.split("\r\n")
        path = url.path + (f"?{url.query}" if url.query else "")
        kept = [f"{method} {path} HTTP/1.1"]
        kept += [line for line in lines[1:] if line.partition(":")[0].lower() not in _OWN_FIELDS]
        there = self.routes.get(url.netloc, (url.hostname or "", url.port or 80))
        inner_reader, inner_writer = await asyncio.open_connection(*there)
        try:
            inner_writer.write("\r\n".join(kept).encode("latin-1") + body)
            answer = await inner_reader.readuntil(b"\r\n\r\n")
            length = int(fields_of(answer.decode("latin-1")).get("content-length", "0"))
            writer.write(answer + await inner_reader.readexactly(length))
        finally:
            inner_writer.close()
        return True

    def _refusal(self, field: str | None, method: str, target: str) -> str | None:
        if self.digest is not None:
            return self.digest.refusal(field, method, target)
        if self.basic is not None:
            expected = "Basic " + base64.b64encode(self.basic.encode()).decode()
            return None if field == expected else 'Basic realm="proxy"'
        return None


def fields_of(head: str) -> dict[str, str]:
    """Header fields of a head, names in lower case."""
    lines = [line.partition(":") for line in head.split("\r\n")[1:] if line]
    return {name.lower(): value.strip() for name, _, value in lines}


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _pump_both(one: Ends, other: Ends) -> None:
    pumps = [
        asyncio.ensure_future(pump(one[0], other[1])),
        asyncio.ensure_future(pump(other[0], one[1])),
    ]
    try:
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one_way in pumps:
            one_way.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        other[1].close()


proxying = ForwardProxy.running
