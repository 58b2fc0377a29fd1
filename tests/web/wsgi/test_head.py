"""What ``start_response`` takes, and the head that goes out."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from whirlwind._web.wsgi.head import WSGIHead, check_chunk


def head(status: str = "200 OK", *headers: tuple[str, str]) -> WSGIHead:
    made = WSGIHead()
    made.start(status, [*headers])
    return made


def fields(made: WSGIHead, method: str, length: int | None) -> dict[str, str]:
    """The header that is sent, but for the date."""
    _, headers = made.finished(method, 0.0, length)
    return {name: value for name, value in headers.get_all() if name != "Date"}


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        ("200 OK", 200, "OK"),
        ("404 Not  here", 404, "Not  here"),
        ("599", 599, ""),
        ("200 ", 200, ""),
    ],
)
def test_the_status_is_taken_apart(status: str, code: int, reason: str) -> None:
    line, _ = head(status).finished("GET", 0.0, 0)
    assert (line.code, line.reason) == (code, reason)


@pytest.mark.parametrize(
    "status", ["", "OK", "20 OK", "2000 OK", "200OK", "100 Continue", "٢٠٠ OK"]
)
def test_a_status_that_is_none_is_refused_with_what_it_was(status: str) -> None:
    with pytest.raises(ValueError, match="status of a WSGI application is"):
        head(status)


@pytest.mark.parametrize("field", [(b"X-A", "1"), ("X-A", b"1"), ("X-A", 1)])
def test_fields_have_to_be_text(field: Any) -> None:
    with pytest.raises(TypeError, match="of a WSGI application: not str"):
        head("200 OK", field)


def test_a_second_call_is_for_errors_only() -> None:
    made = head("200 OK", ("X-A", "1"))
    with pytest.raises(RuntimeError, match="called again, without exc_info"):
        made.start("200 OK", [])
    try:
        raise KeyError("x")
    except KeyError:
        made.start("500 Oops", [("X-B", "2")], sys.exc_info())  # type: ignore[arg-type]
    line, headers = made.finished("GET", 0.0, 0)
    assert (line.code, "X-A" in headers, headers["X-B"]) == (500, False, "2")


def test_an_error_that_comes_too_late_is_raised_again() -> None:
    made = head()
    made.sent = True
    try:
        raise KeyError("too late")
    except KeyError:
        exc_info: Any = sys.exc_info()
    with pytest.raises(KeyError, match="too late"):
        made.start("500 Oops", [], exc_info)


def test_without_a_status_there_is_no_head() -> None:
    with pytest.raises(RuntimeError, match=r"did not call start_response"):
        WSGIHead().finished("GET", 0.0, 0)


def test_server_and_type_and_length_are_added_where_they_are_missing() -> None:
    added = fields(head(), "GET", 5)
    assert added.pop("Server").startswith("whirlwind/")
    assert added == {"Content-Type": "text/html; charset=UTF-8", "Content-Length": "5"}
    own = ("Server", "s"), ("Content-Type", "t"), ("Content-Length", "7")
    assert fields(head("200 OK", *own), "GET", 5) == dict(own)


@pytest.mark.parametrize(
    ("status", "method", "length", "expected"),
    [
        ("200 OK", "GET", None, None),
        ("200 OK", "GET", 0, "0"),
        ("200 OK", "HEAD", 5, "5"),
        ("200 OK", "HEAD", 0, None),
        ("204 No Content", "GET", 0, None),
        ("304 Not Modified", "GET", 0, None),
    ],
)
def test_the_length_is_said_where_it_is_known_and_allowed(
    status: str, method: str, length: int | None, expected: str | None
) -> None:
    assert fields(head(status), method, length).get("Content-Length") == expected


@pytest.mark.parametrize(("status", "kept"), [("204 No", False), ("304 No", True)])
def test_an_answer_without_a_body_has_no_type_and_204_no_length(status: str, kept: bool) -> None:
    found = fields(head(status, ("Content-Length", "5")), "GET", 0)
    assert ("Content-Length" in found) is kept
    assert "Content-Type" not in found


def test_the_connection_is_the_server_s_business() -> None:
    given = ("Transfer-Encoding", "chunked"), ("Keep-Alive", "9"), ("Connection", "Keep-Alive")
    assert not {name for name, _ in given} & {*fields(head("200 OK", *given), "GET", 0)}
    assert fields(head("200 OK", ("Connection", "Close")), "GET", 0)["Connection"] == "close"


def test_a_name_may_come_again() -> None:
    _, headers = head("200 OK", ("Set-Cookie", "a"), ("Set-Cookie", "b")).finished("GET", 0.0, 0)
    assert headers.get_list("Set-Cookie") == ["a", "b"]


def test_pieces_are_bytes() -> None:
    assert check_chunk(b"x") == b"x"
    with pytest.raises(TypeError, match="made 'x' of type str: not bytes"):
        check_chunk("x")
