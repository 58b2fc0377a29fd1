"""Rule 16: what a peer sends does not write the log: no line of its own, no end to it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from tests.conftest import LogWatch
from tests.support.raw_http import run, serving

from whirlwind._base.limits import MAX_LOGGED_TEXT
from whirlwind.web import Application, HTTPError, RequestHandler

GET = b"GET %b HTTP/1.1\r\nHost: h\r\n%b\r\n"
HOSTILE = b"/\x9b2J\x85\xa0\xad\x80"


class _Everything(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """All that whirlwind logs, whatever its level."""
    everything = _Everything()
    logger = logging.getLogger("whirlwind")
    level = logger.level
    logger.addHandler(everything)
    logger.setLevel(logging.DEBUG)
    yield everything.lines
    logger.removeHandler(everything)
    logger.setLevel(level)


class _Errors(RequestHandler):
    def get(self) -> None:
        what = self.get_query_argument("what")
        if what == "message":
            raise HTTPError(400, "no such thing: " + "\x1b[2J\r\nfaked line" + "x" * 100_000)
        if what == "argument":
            raise HTTPError(400, "no such thing: %s", "\x1b[2J\r\nfaked line")
        if what == "missing":
            self.get_query_argument("absent\r\nfaked line")
        raise ValueError("a bug")


def send(wire: bytes) -> bytes:
    got = b""

    async def main() -> None:
        nonlocal got
        async with serving(Application([("/errors", _Errors)])) as running:
            got = await running.exchange(wire)

    run(main)
    return got


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(GET % (HOSTILE, b""), id="controls in the path"),
        pytest.param(GET % (b"/" + b"x" * 50_000, b""), id="a long path"),
        pytest.param(GET % (b"/" + b"\x9b" * 50_000, b""), id="a long path of controls"),
        pytest.param(
            b"X" * 50_000 + (GET % (b"/errors", b"")).removeprefix(b"GET"), id="a long method"
        ),
        pytest.param(GET % (b"/errors?what=message", b""), id="a program's message"),
        pytest.param(GET % (b"/errors?what=argument", b""), id="a message's argument"),
        pytest.param(GET % (b"/errors?what=missing", b""), id="an argument's name"),
        pytest.param(GET % (b"/errors?what=%ff", b""), id="not UTF-8"),
    ],
)
def test_rule_16_what_a_client_sends_is_escaped_and_bounded_in_the_access_log(
    wire: bytes, lines: list[str], logs: LogWatch
) -> None:
    assert send(wire).startswith(b"HTTP/1.1 4")
    logs.records.clear()
    assert 1 <= len(lines) <= 2
    for line in lines:
        assert line.isprintable(), line
        assert "\n" not in line
        assert len(line) < 25 * MAX_LOGGED_TEXT


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"GET /\x1b[2J HTTP/1.1\r\n\r\n", id="request line"),
        pytest.param(b"\x1b" * 5000 + b"\r\n\r\n", id="garbage"),
        pytest.param(GET % (b"/", b"Host: \x9b2J\r\n"), id="Host twice"),
        pytest.param(GET.replace(b"h\r", b"\x9b2J\r") % (b"/", b""), id="Host"),
        pytest.param(GET % (b"/", b"X: \x1b[2J\r\n"), id="value"),
        pytest.param(GET % (b"/", b"\x1b[2J: x\r\n"), id="name"),
        pytest.param(GET % (b"/", b"Transfer-Encoding: \x9b2J\r\n"), id="Transfer-Encoding"),
        pytest.param(GET % (b"/", b"Content-Length: \x9b2J\r\n"), id="Content-Length"),
        pytest.param(GET % (b"/", b"Expect: \x9b2J\r\n"), id="Expect"),
        pytest.param(GET % (b"http://\x9b2J/", b""), id="target"),
        pytest.param(GET % (b"/", b"X: " + b"x" * 70_000 + b"\r\n"), id="too large"),
        pytest.param(
            GET % (b"/", b"Transfer-Encoding: chunked\r\n") + b"\x1b[2J\r\n", id="chunk size"
        ),
        pytest.param(
            GET % (b"/", b"Transfer-Encoding: chunked\r\n") + b"0\r\n\x9b: x\r\n", id="trailer"
        ),
    ],
)
def test_rule_16_what_is_refused_is_logged_once_escaped_and_bounded(
    wire: bytes, lines: list[str]
) -> None:
    assert send(wire).startswith(b"HTTP/1.1 4")
    [line] = lines
    assert line.isprintable(), line
    assert len(line) < 300


def test_rule_16_a_program_that_fails_logs_the_request_escaped_and_bounded(
    lines: list[str], logs: LogWatch
) -> None:
    query = b"/errors?what=bug&x=" + b"\x9b" * 50_000
    with logs.expect("whirlwind.application", "Uncaught exception"):
        assert send(GET % (query, b"")).startswith(b"HTTP/1.1 500")
        logs.records[:] = [r for r in logs.records if r.name != "whirlwind.access"]
    for line in lines:
        assert line.replace("\n", "", 1).isprintable()
        assert len(line) < 25 * MAX_LOGGED_TEXT


def test_rule_16_many_errors_in_one_request_are_one_line(lines: list[str], logs: LogWatch) -> None:
    part = b"--b\r\nContent-Disposition: \x9b\r\n\r\nx\r\n"
    body = part * 1000 + b"--b--\r\n"
    wire = (
        b"POST /errors HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        b"Cookie: \x9b=1; "
        + b"{}=2; " * 1000
        + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
        + body
    )

    class Form(RequestHandler):
        def post(self) -> None:
            assert not self.cookies
            self.get_body_argument("x")

    async def main() -> None:
        application = Application([("/errors", Form)], log_function=lambda handler: None)
        async with serving(application) as running:
            assert (await running.exchange(wire)).startswith(b"HTTP/1.1 400")

    run(main)
    logs.records.clear()
    assert len(lines) == 1
