"""An application whose rules are of every kind, and what it answers, path by path."""

from __future__ import annotations

from typing import Any

from tests.support.raw_http import run, serving

from whirlwind import web
from whirlwind.routing import URLSpec


class Name(web.RequestHandler):
    """Says its name, and what the path says."""

    def initialize(self, name: str = "none") -> None:
        self.name = name

    def get(self, *args: str) -> None:
        self.write(" ".join([self.name, *args]))


def bodies(callback: Any, *targets: str, host: str = "h") -> list[str]:
    """Return the body of the answer for each target, or its status if that is not 200."""
    found: list[str] = []

    async def main() -> None:
        async with serving(callback) as running:
            for target in targets:
                got = await running.exchange(
                    f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
                )
                status = got.split(b" ")[1].decode()
                body = got.partition(b"\r\n\r\n")[2].decode()
                found.append(body if status == "200" else status)

    run(main)
    return found


def application(**settings: Any) -> web.Application:
    """Return an application that writes no access log."""
    return web.Application(
        [
            ("/literal", Name, {"name": "literal"}),
            ("/l.*", Name, {"name": "pattern"}),
            (r"/n/([0-9]+)/(x|)", Name, {"name": "numbers"}, "numbers"),
            URLSpec("/literal", Name, {"name": "never"}),
        ],
        log_function=lambda handler: None,
        **settings,
    )


TARGETS = ["/literal", "/literal", "/lit", "/l.*", "/n/12/", "/n/1/x", "/n/x/", "/", "/literal?a=b"]
EXPECTED = [
    "literal",
    "literal",
    "pattern",
    "pattern",
    "numbers 12 ",
    "numbers 1 x",
    "404",
    "404",
    "literal",
]
