"""An application with one handler, asked by real requests, each on a connection of its own."""

from __future__ import annotations

from typing import Any

from tests.support.raw_http import run, serving

from whirlwind import web


def request(path: str, *lines: str, method: str = "GET", body: bytes = b"") -> bytes:
    """Return the wire form of a request for host ``h``; ``lines`` are further header fields."""
    fields = ["Host: h", "Connection: close", *lines]
    if body:
        fields.append(f"Content-Length: {len(body)}")
    return "\r\n".join([f"{method} {path} HTTP/1.1", *fields, "", ""]).encode() + body


class Answer:
    """One answer taken apart.

    Attributes:
        fields: Its header fields, in wire order.
        headers: The same by name, the last one of several.
    """

    def __init__(self, wire: bytes) -> None:
        head, _, self.body = wire.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        self.status = int(line.split(" ")[1])
        self.reason = line.split(" ", 2)[2]
        self.fields = [(name, value) for name, _, value in (f.partition(": ") for f in fields)]
        self.headers = dict(self.fields)

    def cookies(self) -> list[str]:
        """Return what the answer sets, a text for each cookie."""
        return [value for name, value in self.fields if name == "Set-Cookie"]


def ask(handler: type[web.RequestHandler], *wires: bytes, **settings: Any) -> list[Answer]:
    """Send each request to an application with one handler; return the answers.

    Args:
        handler: The handler; ``settings`` may have its ``pattern`` and ``arguments``.
        *wires: The requests.
        **settings: Settings of the application, which writes no access log.
    """
    answers: list[Answer] = []
    pattern = settings.pop("pattern", r"/(?:.*)")
    arguments = settings.pop("arguments", {})

    async def main() -> None:
        settings.setdefault("log_function", lambda handler: None)
        application = web.Application([(pattern, handler, arguments)], **settings)
        async with serving(application) as running:
            answers.extend([Answer(await running.exchange(wire)) for wire in wires])

    run(main)
    return answers
