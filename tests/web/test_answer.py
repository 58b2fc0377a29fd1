"""What ``write`` takes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.raw_http import run, serving

from whirlwind import web

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def answers(value: Any, **settings: Any) -> tuple[bytes, bytes]:
    """Head and body of the answer of a handler that writes one value."""
    found: list[bytes] = []

    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.write(value)

    async def main() -> None:
        settings.setdefault("log_function", lambda handler: None)
        async with serving(web.Application([("/", Handler)], **settings)) as running:
            found.append(await running.exchange(GET))

    run(main)
    head, _, body = found[0].partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ([], b"[]"),
        ([1, {"a": None}], b'[1, {"a": null}]'),
        ((1, "</b>"), b'[1, "<\\/b>"]'),
        (7, b"7"),
        (1.5, b"1.5"),
        (True, b"true"),
        (None, b"null"),
        ({"a": 1}, b'{"a": 1}'),
    ],
)
def test_any_json_is_written_where_the_application_wants_it(value: Any, body: bytes) -> None:
    head, written = answers(value, write_any_json=True)
    assert written == body
    assert b"Content-Type: application/json; charset=UTF-8\r\n" in head


@pytest.mark.parametrize(("value", "body"), [("text", b"text"), (b"bytes", b"bytes")])
def test_text_and_bytes_stay_what_they_are(value: Any, body: bytes) -> None:
    head, written = answers(value, write_any_json=True)
    assert written == body
    assert b"Content-Type: text/html; charset=UTF-8\r\n" in head


@pytest.mark.parametrize("settings", [{}, {"write_any_json": False}])
@pytest.mark.parametrize("value", [[], (), 7, 1.5, True, None])
def test_without_the_setting_they_are_a_type_error(value: Any, settings: dict[str, Any]) -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            with pytest.raises(TypeError, match="only accepts bytes, unicode, and dict"):
                self.write(value)

    async def main() -> None:
        settings["log_function"] = lambda handler: None
        async with serving(web.Application([("/", Handler)], **settings)) as running:
            assert b" 200 " in await running.exchange(GET)

    run(main)


def test_what_is_no_json_is_a_type_error_with_the_setting_too() -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            with pytest.raises(TypeError, match="only accepts"):
                self.write({1, 2})

    async def main() -> None:
        application = web.Application(
            [("/", Handler)], write_any_json=True, log_function=lambda handler: None
        )
        async with serving(application) as running:
            assert b" 200 " in await running.exchange(GET)

    run(main)
