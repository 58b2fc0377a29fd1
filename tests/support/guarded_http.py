"""A server that wants digest authentication, and a client to ask it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.digest_check import DigestCheck
from tests.support.forward_proxy import fields_of
from tests.support.scripted_http import ScriptedServer, turns

from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.simple_httpclient import SimpleAsyncHTTPClient


class GuardedServer(ScriptedServer):
    """A server that lets in who answers its challenge, and says "hello" to them.

    Attributes:
        moved: Where it sends them instead, by path.
    """

    def __init__(self, check: DigestCheck) -> None:
        super().__init__()
        self.moved: dict[str, str] = {}
        self.check = check

    async def _read_request(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        request = await super()._read_request(reader, writer)
        head = request.decode("latin-1")
        method, target, _ = head.partition("\r\n")[0].split(" ")
        challenge = self.check.refusal(fields_of(head).get("authorization"), method, target)
        if challenge is not None:
            reply = f"401 No\r\nWWW-Authenticate: {challenge}\r\nWWW-Authenticate: Basic realm=x"
            body = "out!"
        elif target in self.moved:
            reply, body = f"302 Found\r\nLocation: {self.moved[target]}", ""
        else:
            reply, body = "200 OK", "hello"
        text = f"HTTP/1.1 {reply}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        self.replies = [text.encode()]
        return request


@asynccontextmanager
async def guarded(
    **options: Any,
) -> AsyncIterator[tuple[GuardedServer, SimpleAsyncHTTPClient]]:
    server = GuardedServer(DigestCheck(**options))
    await server.start()
    client: SimpleAsyncHTTPClient = AsyncHTTPClient(force_instance=True)
    try:
        yield server, client
    finally:
        client.close()
        await server.stop()
        await turns(3)
