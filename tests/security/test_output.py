"""Rule 4: whatever a program hands over, what goes out is one answer, and the one that it meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.conformance.wire import read_answers
from tests.conftest import LogWatch
from tests.support.raw_http import run, serving

from whirlwind._http.messages import HTTPServerRequest
from whirlwind._proto.http.errors import HTTPOutputError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import ResponseStartLine
from whirlwind.web import Application, HTTPError, RequestHandler

# Each would end a field or an answer, or be read as its end by somebody.
ENDINGS = [
    "a\r\nX-Injected: 1",
    "a\nX-Injected: 1",
    "a\rX-Injected: 1",
    "a\x00X-Injected: 1",
    "\r\n\r\nHTTP/1.1 200 OK\r\nX-Injected: 1\r\n\r\n",
    "a\x0bX-Injected: 1",
    "a\x7f",
    "a\u010aX-Injected: 1",  # its low byte is LF
    "a\u560d\u560aX-Injected: 1",
]
NOT_TOKENS = ["X Y", "X:", "X\r\nX-Injected", "X\n", "", "X(", "\xe9", "X\x00", "\u0130"]

Do = Callable[[RequestHandler, str], object]


def _last_field(handler: RequestHandler, text: str) -> None:
    handler._headers["X"] = text  # by the mapping, which checks nothing itself


WAYS: dict[str, Do] = {
    "set_header": lambda h, t: h.set_header("X", t),
    "set_header, bytes": lambda h, t: h.set_header("X", t.encode("latin-1", "ignore") + b"\n"),
    "add_header": lambda h, t: h.add_header("X", t),
    "the mapping of headers": _last_field,
    "redirect": lambda h, t: h.redirect("/" + t),
    "set_status": lambda h, t: h.set_status(200, t),
    "the reason itself": lambda h, t: setattr(h, "_reason", t),
    "set_cookie, value": lambda h, t: h.set_cookie("a", t),
    "set_cookie, name": lambda h, t: h.set_cookie(t, "a"),
    "set_cookie, domain": lambda h, t: h.set_cookie("a", "b", domain=t),
    "set_cookie, path": lambda h, t: h.set_cookie("a", "b", path=t),
    "set_cookie, samesite": lambda h, t: h.set_cookie("a", "b", samesite=t),
    "set_cookie, max_age": lambda h, t: h.set_cookie("a", "b", max_age=t),  # type: ignore[arg-type]
    "set_cookie, Domain": lambda h, t: h.set_cookie("a", "b", Domain=t),
    "set_cookie, MAX_AGE": lambda h, t: h.set_cookie("a", "b", MAX_AGE=t),
    "clear_cookie, path": lambda h, t: h.clear_cookie("a", path=t),
    "content type": lambda h, t: h.set_header("Content-Type", t),
}
# UTF-8 makes printable Latin-1 of these URLs; a cookie's value is quoted, and DEL escaped in it.
# A phrase that may not be sent is none.
HARMLESS = {("redirect", 7): 302, ("redirect", 8): 302, ("set_cookie, value", 6): 200}
HARMLESS |= {("set_status", number): 200 for number in range(len(ENDINGS))}


class _Injecting(RequestHandler):
    do: Do
    text: str

    def get(self) -> None:
        self.write("ok")
        type(self).do(self, self.text)
        if not self._finished:
            self.finish()


def answers_of(
    do: Do, text: str, kind: type[RequestHandler] = _Injecting
) -> tuple[bytes, list[int]]:
    handler = type("Injecting", (kind,), {"do": staticmethod(do), "text": text})
    application = Application([("/", handler)], log_function=lambda handler: None)
    got = b""

    async def main() -> None:
        nonlocal got
        async with serving(application) as running:
            got = await running.exchange(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")

    run(main)
    return got, [answer.status for answer in read_answers(got, ["GET"])]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", range(len(ENDINGS)))
def test_rule_04_no_line_end_goes_out_in_a_field_a_reason_or_a_cookie(
    way: str, number: int, logs: LogWatch
) -> None:
    if (way, number) in HARMLESS:
        got, statuses = answers_of(WAYS[way], ENDINGS[number])
        assert statuses == [HARMLESS[way, number]]
    else:
        with logs.expect("whirlwind.application", "Uncaught exception"):
            got, statuses = answers_of(WAYS[way], ENDINGS[number])
        assert statuses == [500]
    assert b"\nX-Injected" not in got
    assert b"\rX-Injected" not in got


@pytest.mark.parametrize("name", NOT_TOKENS)
@pytest.mark.parametrize("add", [False, True])
def test_rule_04_a_field_name_is_a_token(name: str, add: bool, logs: LogWatch) -> None:
    def do(handler: RequestHandler, text: str) -> None:
        (handler.add_header if add else handler.set_header)(text, "a")

    # Where HTTPHeaders.add refuses it, the error is that of an input.
    pattern = "Uncaught exception|400 GET"
    records = len(logs.records)
    got, statuses = answers_of(do, name)
    assert statuses in ([500], [400])
    assert b"X-Injected" not in got
    for record in logs.records[records:]:
        assert pattern.split("|")[0] in record.getMessage() or "400 GET" in record.getMessage()
    del logs.records[records:]


@pytest.mark.parametrize("reason", [*ENDINGS, "<script>alert(1)</script>"])
def test_rule_04_a_reason_of_an_error_is_neither_a_field_nor_a_script(reason: str) -> None:
    def do(handler: RequestHandler, text: str) -> None:
        raise HTTPError(403, reason=text)

    got, statuses = answers_of(do, reason)
    assert statuses == [403]
    assert got.startswith(b"HTTP/1.1 403 Unknown\r\n")
    assert b"Injected" not in got
    assert b"<script>" not in got


@pytest.mark.parametrize("tag", ['"a\r\nX-Injected: 1"', '"a\n"', '"\x00"'])
def test_rule_04_an_entity_tag_is_checked_like_any_field(tag: str, logs: LogWatch) -> None:
    class Tagged(_Injecting):
        def compute_etag(self) -> str:
            return tag

    with logs.expect("whirlwind.application", "Uncaught exception"):
        got, statuses = answers_of(lambda handler, text: None, "", Tagged)
    assert statuses == [500]
    assert b"Injected" not in got


@pytest.mark.parametrize("text", ENDINGS)
def test_rule_04_a_raw_connection_refuses_the_same(text: str) -> None:
    refused: list[str] = []

    def answer(request: HTTPServerRequest) -> None:
        tries: list[tuple[int, str, dict[str, str]]] = [
            (200, text, {}),
            (200, "OK", {"X": text}),
            (200, "OK", {text: "X"}),
            (100, text, {}),
            (103, "Early Hints", {"Link": text}),
        ]
        for code, reason, fields in tries:
            try:
                request.connection.write_headers(
                    ResponseStartLine("", code, reason), HTTPHeaders(fields)
                )
            except HTTPOutputError as error:
                refused.append(str(error))
        request.connection.write_headers(
            ResponseStartLine("", 200, "OK"), HTTPHeaders({"Content-Length": "2"}), b"ok"
        )
        request.connection.finish()

    async def main() -> None:
        async with serving(answer) as running:
            got = await running.exchange(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert [found.body for found in read_answers(got, ["GET"])] == [b"ok"]
            assert b"Injected" not in got

    run(main)
    assert len(refused) == 5


@pytest.mark.parametrize("code", [0, 99, 1000, -1])
def test_rule_04_a_status_has_three_digits(code: int) -> None:
    def answer(request: HTTPServerRequest) -> None:
        with pytest.raises(HTTPOutputError):
            request.connection.write_headers(ResponseStartLine("", code, "X"), HTTPHeaders())
        request.connection.finish()

    async def main() -> None:
        async with serving(answer) as running:
            got = await running.exchange(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert got.startswith(b"HTTP/1.1 500 ")

    run(main)


def test_rule_04_there_is_one_place_where_fields_become_bytes() -> None:
    # Nothing else of the server or the client puts a name and a colon before a value of a program.
    import re
    from pathlib import Path

    import whirlwind

    root = Path(whirlwind.__file__).parent
    pattern = re.compile(r'f"\{\w+\}: \{\w+\}\\r\\n"|map\(": "\.join')
    found: set[Any] = {
        path.relative_to(root).as_posix()
        for room in ("_proto", "_http", "_web")
        for path in (root / room).rglob("*.py")
        if pattern.search(path.read_text(encoding="utf-8"))
    }
    # The client hands the lines of an answer to a program's header_callback: nothing is sent.
    assert found == {"_proto/http/headers.py", "_http/client/fetch.py"}
