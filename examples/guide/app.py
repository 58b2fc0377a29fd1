"""The demo's application: the page, its assets, and the patterns to run."""

from __future__ import annotations

import html
import platform
import string
from importlib.metadata import version
from pathlib import Path

from examples.guide.catalog import Entry, load
from examples.guide.pattern import Services
from whirlwind.web import Application, RequestHandler

PAGE = Path(__file__).parent / "page"
ASSETS = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "timeline.js": "text/javascript; charset=utf-8",
    "record.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
# The page may load what the demo serves, and nothing else.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
)


class Content(RequestHandler):
    """Sends one fixed document."""

    def initialize(self, content: bytes, content_type: str) -> None:
        self.content = content
        self.content_type = content_type

    def get(self) -> None:
        self.set_header("Content-Type", self.content_type)
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-cache")
        self.write(self.content)


def render(entries: list[Entry]) -> bytes:
    """Return the page with a section for each pattern."""
    section = string.Template((PAGE / "pattern.html").read_text(encoding="utf-8"))
    page = string.Template((PAGE / "index.html").read_text(encoding="utf-8"))
    return page.substitute(
        version=html.escape(version("whirlwind")),
        python=platform.python_version(),
        links="".join(
            f'<li><a href="#{entry.slug}">{html.escape(entry.title)}</a></li>' for entry in entries
        ),
        patterns="".join(
            section.substitute(
                number=number,
                slug=entry.slug,
                title=html.escape(entry.title),
                lead=entry.lead,
                file=html.escape(entry.file),
                source=entry.source,
                failing="the database" if entry.slug == "motor_loop" else "the upstream",
            )
            for number, entry in enumerate(entries, 1)
        ),
    ).encode()


def make_app(services: Services) -> Application:
    """Return the demo's application.

    Args:
        services: What the patterns talk to.
    """
    entries = load()
    index = {"content": render(entries), "content_type": "text/html; charset=utf-8"}
    assets = [
        (f"/{name}", Content, {"content": (PAGE / name).read_bytes(), "content_type": kind})
        for name, kind in ASSETS.items()
    ]
    runs = [(f"/run/{entry.slug}", entry.handler, {"services": services}) for entry in entries]
    return Application([("/", Content, index), *assets, *runs], log_function=lambda handler: None)
