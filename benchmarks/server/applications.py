"""The same two answers in each framework: ``python applications.py NAME PORT``.

Stands alone: it runs in whirlwind's environment as well as in the peers'.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable

HELLO = "Hello, world"


def item(number: str) -> dict[str, object]:
    return {"id": int(number), "name": "item", "tags": ["a", "b"]}


async def _serve_tornado_style(package: str, port: int) -> None:
    if package == "whirlwind":
        from whirlwind import web
    else:
        from tornado import web

    class Hello(web.RequestHandler):
        def get(self) -> None:
            self.write(HELLO)

    class Item(web.RequestHandler):
        def get(self, number: str) -> None:
            self.write(item(number))

    application = web.Application([("/", Hello), (r"/item/([0-9]+)", Item)])
    application.listen(port, "127.0.0.1")
    print("ready", flush=True)
    await asyncio.Event().wait()


async def whirlwind(port: int) -> None:
    await _serve_tornado_style("whirlwind", port)


async def tornado(port: int) -> None:
    await _serve_tornado_style("tornado", port)


async def aiohttp(port: int) -> None:
    from aiohttp import web

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=HELLO)

    async def numbered(request: web.Request) -> web.Response:
        return web.json_response(item(request.match_info["number"]))

    application = web.Application()
    application.add_routes([web.get("/", hello), web.get(r"/item/{number:\d+}", numbered)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


async def starlette(port: int) -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, PlainTextResponse, Response
    from starlette.routing import Route

    async def hello(request: Request) -> Response:
        return PlainTextResponse(HELLO)

    async def numbered(request: Request) -> Response:
        return JSONResponse(item(request.path_params["number"]))

    application = Starlette(routes=[Route("/", hello), Route("/item/{number:int}", numbered)])
    settings = uvicorn.Config(
        application, port=port, log_level="warning", access_log=False, http="httptools"
    )
    asyncio.get_running_loop().call_later(1, lambda: print("ready", flush=True))
    await uvicorn.Server(settings).serve()


def main() -> None:
    servers: dict[str, Callable[[int], Awaitable[None]]] = {
        "whirlwind": whirlwind,
        "tornado": tornado,
        "aiohttp": aiohttp,
        "starlette": starlette,
    }
    name, port = sys.argv[1:]
    logging.getLogger("tornado.access").setLevel(logging.ERROR)
    logging.getLogger("whirlwind.access").setLevel(logging.ERROR)
    serve = servers[name](int(port))
    if name == "tornado":  # as it comes: on asyncio's own loop
        asyncio.run(serve)  # type: ignore[arg-type]
    else:
        import uvloop

        uvloop.run(serve)


if __name__ == "__main__":
    main()
