"""The same answers in each framework: ``python applications.py NAME PORT FOLDER``.

Stands alone: it runs in whirlwind's environment as well as in the peers'. FOLDER holds the static
file; the page is the same ten lines in each template language.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pathlib
import resource
import sys
from collections.abc import Awaitable, Callable
from typing import Any

HELLO = "Hello, world"
PEOPLE = [("Ada", 36), ("Grace <Hopper>", 85), ("Barbara", 72), ("Radia", 74)]
MAX_BODY = 4 << 20  # bytes; more than the upload

TORNADO_PAGE = """<!DOCTYPE html>
<html>
<head><title>{{ title }}</title></head>
<body>
<h1>{{ title }}</h1>
<table>
{% for name, age in people %}<tr><td>{{ name }}</td><td>{{ age }}</td></tr>
{% end %}</table>
</body>
</html>
"""
JINJA_PAGE = TORNADO_PAGE.replace("{% end %}", "{% endfor %}")


def item(number: str) -> dict[str, object]:
    return {"id": int(number), "name": "item", "tags": ["a", "b"]}


def jinja_page() -> Any:
    import jinja2

    return jinja2.Environment(autoescape=True).from_string(JINJA_PAGE)


async def _serve_tornado_style(package: str, port: int, folder: str) -> None:
    if package == "whirlwind":
        from whirlwind import template, web
    else:
        from tornado import template, web

    class Hello(web.RequestHandler):
        def get(self) -> None:
            self.write(HELLO)

    class Item(web.RequestHandler):
        def get(self, number: str) -> None:
            self.write(item(number))

    class Page(web.RequestHandler):
        def get(self) -> None:
            self.render("page.html", title="People", people=PEOPLE)

    class Upload(web.RequestHandler):
        def post(self) -> None:
            self.write(str(len(self.request.body)))

    application = web.Application(
        [
            ("/", Hello),
            (r"/item/([0-9]+)", Item),
            ("/page", Page),
            ("/upload", Upload),
            (r"/static/(.*)", web.StaticFileHandler, {"path": folder}),
        ],
        template_loader=template.DictLoader({"page.html": TORNADO_PAGE}),
    )
    application.listen(port, "127.0.0.1", backlog=4096)
    await asyncio.Event().wait()


async def whirlwind(port: int, folder: str) -> None:
    await _serve_tornado_style("whirlwind", port, folder)


async def tornado(port: int, folder: str) -> None:
    await _serve_tornado_style("tornado", port, folder)


async def aiohttp(port: int, folder: str) -> None:
    from aiohttp import web

    template = jinja_page()

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=HELLO)

    async def numbered(request: web.Request) -> web.Response:
        return web.json_response(item(request.match_info["number"]))

    async def page(request: web.Request) -> web.Response:
        text = template.render(title="People", people=PEOPLE)
        return web.Response(text=text, content_type="text/html")

    async def upload(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    application = web.Application(client_max_size=MAX_BODY)
    application.add_routes(
        [
            web.get("/", hello),
            web.get(r"/item/{number:\d+}", numbered),
            web.get("/page", page),
            web.post("/upload", upload),
            web.static("/static", folder),
        ]
    )
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
    await asyncio.Event().wait()


async def starlette(port: int, folder: str) -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    template = jinja_page()

    async def hello(request: Request) -> Response:
        return PlainTextResponse(HELLO)

    async def numbered(request: Request) -> Response:
        return JSONResponse(item(request.path_params["number"]))

    async def page(request: Request) -> Response:
        return HTMLResponse(template.render(title="People", people=PEOPLE))

    async def upload(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    application = Starlette(
        routes=[
            Route("/", hello),
            Route("/item/{number:int}", numbered),
            Route("/page", page),
            Route("/upload", upload, methods=["POST"]),
            Mount("/static", StaticFiles(directory=folder)),
        ]
    )
    settings = uvicorn.Config(
        application,
        port=port,
        log_level="warning",
        access_log=False,
        http="httptools",
        backlog=4096,
        timeout_keep_alive=3600,
    )
    await uvicorn.Server(settings).serve()


class Rsgi:
    """The bare interface of granian: no framework, so paths are compared by hand."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        path = scope.path
        text = [("content-type", "text/plain; charset=utf-8")]
        if path == "/":
            protocol.response_str(200, text, HELLO)
        elif path.startswith("/item/"):
            body = json.dumps(item(path[6:]))
            protocol.response_str(200, [("content-type", "application/json")], body)
        elif path == "/upload":
            protocol.response_str(200, text, str(len(await protocol())))
        else:
            kind = [("content-type", "application/octet-stream")]
            protocol.response_file(200, kind, f"{self.folder}/{path.rpartition('/')[2]}")


def rsgi() -> Rsgi:
    return Rsgi(os.environ["BENCHMARK_FOLDER"])


def granian(port: int, folder: str) -> None:
    from granian import Granian
    from granian.constants import Interfaces, Loops

    os.environ["BENCHMARK_FOLDER"] = folder
    Granian(
        "applications:rsgi",
        factory=True,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.RSGI,
        loop=Loops.uvloop,
        backlog=4096,
        log_enabled=False,
        working_dir=pathlib.Path(__file__).parent,
    ).serve()


def main() -> None:
    servers: dict[str, Callable[[int, str], Awaitable[None]]] = {
        "whirlwind": whirlwind,
        "tornado": tornado,
        "aiohttp": aiohttp,
        "starlette": starlette,
    }
    name, port, folder = sys.argv[1:]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    logging.getLogger("tornado.access").setLevel(logging.ERROR)
    logging.getLogger("whirlwind.access").setLevel(logging.ERROR)
    if name == "granian":
        granian(int(port), folder)
        return
    serve = servers[name](int(port), folder)
    if name == "tornado":  # as it comes: on asyncio's own loop
        asyncio.run(serve)  # type: ignore[arg-type]
    else:
        import uvloop

        uvloop.run(serve)


if __name__ == "__main__":
    main()
