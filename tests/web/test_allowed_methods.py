"""The Allow field: what a handler has methods for."""

from __future__ import annotations

import pytest
from tests.support.raw_http import run, serving

from whirlwind._web.allowed_methods import allowed_methods
from whirlwind.web import Application, HTTPError, RequestHandler


class _Base:
    def missing(self) -> None: ...

    get = post = head = missing


class _Getting(_Base):
    def get(self) -> None: ...


@pytest.mark.parametrize(
    ("kind", "refused", "allowed"),
    [(_Base, "GET", ""), (_Getting, "POST", "GET"), (_Getting, "GET", ""), (_Getting, None, "GET")],
)
def test_allow_names_what_the_class_itself_answers(
    kind: type, refused: str | None, allowed: str
) -> None:
    supported = ("GET", "HEAD", "POST", "TRACE")
    assert allowed_methods(kind, supported, refused, _Base.missing) == allowed


class _Plain(RequestHandler):
    def get(self) -> None:
        self.write("ok")

    def post(self) -> None:
        raise HTTPError(405)


class _Own(RequestHandler):
    def set_default_headers(self) -> None:
        self.set_header("Allow", "BREW")


@pytest.mark.parametrize(
    ("line", "allow"),
    [
        pytest.param(b"HEAD /", b"GET, POST", id="not implemented"),
        pytest.param(b"POST /", b"GET", id="refused by the method itself"),
        pytest.param(b"BREW /", b"GET, POST", id="unknown"),
        pytest.param(b"GET /own", b"BREW", id="the program's own"),
        pytest.param(b"BREW /elsewhere", b"", id="no such resource"),
    ],
)
def test_405_comes_with_allow(line: bytes, allow: bytes) -> None:
    application = Application([("/", _Plain), ("/own", _Own)], log_function=lambda handler: None)

    async def main() -> None:
        async with serving(application) as running:
            got = await running.exchange(line + b" HTTP/1.1\r\nHost: h\r\n\r\n")
            assert got.startswith(b"HTTP/1.1 405 ")
            assert b"\r\nAllow: %b\r\n" % allow in got

    run(main)
