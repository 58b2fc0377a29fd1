"""Applications that serve files, and their answers taken apart."""

from __future__ import annotations

from typing import Any

from tests.support.raw_http import run, serving

from whirlwind import web


class Answer:
    """One answer taken apart."""

    def __init__(self, wire: bytes) -> None:
        head, _, self.body = wire.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        self.status = int(line.split(" ")[1])
        self.headers: dict[str, str] = dict(field.split(": ", 1) for field in fields)


def wire(path: str, *lines: str, method: str = "GET") -> bytes:
    fields = ["Host: h", "Connection: close", *lines]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *fields, "", ""]).encode()


def ask(application: web.Application, *wires: bytes) -> list[Answer]:
    """Send each request on a connection of its own; return the answers."""
    answers: list[Answer] = []

    async def main() -> None:
        application.settings.setdefault("log_function", lambda handler: None)
        async with serving(application) as running:
            answers.extend([Answer(await running.exchange(each)) for each in wires])

    run(main)
    return answers


def get(
    path: str,
    /,
    *lines: str,
    handler: type[web.RequestHandler] = web.StaticFileHandler,
    pattern: str = r"/(.*)",
    method: str = "GET",
    settings: dict[str, Any] | None = None,
    **arguments: Any,
) -> Answer:
    """Ask an application with one handler for one path."""
    application = web.Application([(pattern, handler, arguments)], **(settings or {}))
    return ask(application, wire(path, *lines, method=method))[0]
