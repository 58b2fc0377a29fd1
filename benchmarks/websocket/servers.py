"""The same echo in each package: ``python servers.py NAME PORT``.

Stands alone: it runs in whirlwind's environment as well as in the peers'. Each one is written as
its documentation shows it; picows' sends the payload on without a copy of its own, which is the
fastest that it has.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import sys
from typing import Any

import uvloop

MAX_SIZE = 1 << 24  # bytes


async def tornado_like(package: str, port: int) -> None:
    web = __import__(f"{package}.web", fromlist=["Application"])
    websocket = __import__(f"{package}.websocket", fromlist=["WebSocketHandler"])

    class Echo(websocket.WebSocketHandler):  # type: ignore[misc,name-defined]
        def get_compression_options(self) -> dict[str, Any]:
            return {}  # for those who ask

        def on_message(self, message: str | bytes) -> None:
            self.write_message(message, binary=isinstance(message, bytes))

    settings = {"websocket_max_message_size": MAX_SIZE}
    web.Application([("/", Echo)], **settings).listen(port, "127.0.0.1", backlog=4096)
    await asyncio.Event().wait()


async def whirlwind(port: int) -> None:
    await tornado_like("whirlwind", port)


async def tornado(port: int) -> None:
    await tornado_like("tornado", port)


async def websockets(port: int) -> None:
    from websockets.asyncio.server import serve

    async def echo(connection: Any) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", port, max_size=MAX_SIZE, backlog=4096):
        await asyncio.Event().wait()


async def picows(port: int) -> None:
    import picows  # type: ignore[import-not-found,unused-ignore]  # a peer, in its environment

    class Echo(picows.WSListener):  # type: ignore[misc,name-defined,unused-ignore]
        def on_ws_frame(self, transport: Any, frame: Any) -> None:
            if frame.msg_type == picows.WSMsgType.CLOSE:
                transport.disconnect()
            else:
                transport.send(frame.msg_type, frame.get_payload_as_memoryview())

    server = await picows.ws_create_server(
        lambda request: Echo(), "127.0.0.1", port, max_frame_size=MAX_SIZE, backlog=4096
    )
    await server.serve_forever()


async def aiohttp(port: int) -> None:
    from aiohttp import WSMsgType, web

    async def echo(request: web.Request) -> web.WebSocketResponse:
        connection = web.WebSocketResponse(max_msg_size=MAX_SIZE)
        await connection.prepare(request)
        async for message in connection:
            if message.type == WSMsgType.TEXT:
                await connection.send_str(message.data)
            else:
                await connection.send_bytes(message.data)
        return connection

    application = web.Application()
    application.add_routes([web.get("/", echo)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
    await asyncio.Event().wait()


SERVERS = {
    "whirlwind": whirlwind,
    "tornado": tornado,
    "websockets": websockets,
    "picows": picows,
    "aiohttp": aiohttp,
}

if __name__ == "__main__":
    name, number = sys.argv[1:]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    logging.disable(logging.CRITICAL)
    serving = SERVERS[name](int(number))
    if name == "tornado":  # as it comes: on asyncio's own loop
        asyncio.run(serving)
    else:
        uvloop.run(serving)
