"""Plain answers: what a program replaced is called, wherever it did so."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.raw_http import run, serving

from whirlwind.httputil import HTTPHeaders
from whirlwind.web import Application, RequestHandler

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


class Hello(RequestHandler):
    def get(self) -> None:
        self.write("Hello")


def answer_of(handler: type[RequestHandler], request: bytes = GET) -> bytes:
    answers = []
    application = Application([("/", handler)], log_function=lambda _: None)

    async def main() -> None:
        async with serving(application) as running:
            answers.append(await running.exchange(request))

    run(main)
    return answers[0]


def without_date(answer: bytes) -> list[bytes]:
    return [line for line in answer.split(b"\r\n") if not line.startswith(b"Date: ")]


STEPS = ["flush", "compute_etag", "set_etag_header", "check_etag_header"]


def counted(method: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        calls.append(method.__name__)
        return method(*args, **kwargs)

    return wrapper


@contextlib.contextmanager
def on_the_class(name: str, calls: list[str]) -> Iterator[type[RequestHandler]]:
    yield type("Patched", (Hello,), {name: counted(getattr(RequestHandler, name), calls)})


@contextlib.contextmanager
def on_every_handler(name: str, calls: list[str]) -> Iterator[type[RequestHandler]]:
    stock = getattr(RequestHandler, name)
    setattr(RequestHandler, name, counted(stock, calls))  # as monitoring agents do
    try:
        yield Hello
    finally:
        delattr(RequestHandler, name)


@contextlib.contextmanager
def on_one_handler(name: str, calls: list[str]) -> Iterator[type[RequestHandler]]:
    class Patched(Hello):
        def prepare(self) -> None:
            setattr(self, name, counted(getattr(self, name), calls))

    yield Patched


@pytest.mark.parametrize("where", [on_the_class, on_every_handler, on_one_handler])
@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_was_replaced_is_called_and_the_answer_is_the_same(
    name: str, where: Callable[..., Any]
) -> None:
    calls: list[str] = []
    with where(name, calls) as handler:
        answer = answer_of(handler)
    assert calls == [name]
    # The order of fields may differ; each of them may not.
    assert sorted(without_date(answer)) == sorted(without_date(answer_of(Hello)))


def test_set_header_that_was_replaced_sees_the_tag() -> None:
    seen = []

    class Watching(Hello):
        def set_header(self, name: str, value: Any) -> None:
            seen.append(name)
            super().set_header(name, value)

    answer_of(Watching)
    assert "Etag" in seen


def test_a_tag_that_the_client_holds_answers_304() -> None:
    answer = answer_of(Hello)
    tag = next(line for line in answer.split(b"\r\n") if line.startswith(b"Etag: "))[6:]
    again = answer_of(Hello, b"GET / HTTP/1.1\r\nHost: h\r\nIf-None-Match: %b\r\n\r\n" % tag)
    assert again.startswith(b"HTTP/1.1 304 ")
    assert again.endswith(b"\r\n\r\n")


def test_a_request_whose_headers_were_changed_is_judged_by_the_changed_ones() -> None:
    class Forgetful(Hello):
        def prepare(self) -> None:
            del self.request.headers["If-None-Match"]

    answer = answer_of(Forgetful, b"GET / HTTP/1.1\r\nHost: h\r\nIf-None-Match: *\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_head_has_the_length_and_the_tag_of_get_and_no_body() -> None:
    class Both(Hello):
        head = Hello.get

    get = answer_of(Both)
    head = answer_of(Both, GET.replace(b"GET", b"HEAD"))
    assert without_date(get.removesuffix(b"Hello")) == without_date(head)


def test_post_has_no_tag() -> None:
    class Posted(RequestHandler):
        def post(self) -> None:
            self.write({"a": 1})

    answer = answer_of(Posted, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
    assert b"Etag" not in answer
    assert b"Content-Type: application/json; charset=UTF-8\r\n" in answer
    assert answer.endswith(b'\r\n\r\n{"a": 1}')


class Touched(RequestHandler):
    def get(self) -> None:
        self.set_header("Content-Type", "text/plain")
        self.set_cookie("a", "1")
        self.set_cookie("b", "2")
        self.write("Hello")


class Error(RequestHandler):
    def get(self) -> None:
        self.set_status(418, "Short and stout")
        self.write({"error": True})


class SteppedTouched(Touched):
    def flush(self, *args: Any, **kwargs: Any) -> Any:
        return RequestHandler.flush(self, *args, **kwargs)


class SteppedError(Error):
    def flush(self, *args: Any, **kwargs: Any) -> Any:
        return RequestHandler.flush(self, *args, **kwargs)


@pytest.mark.parametrize(
    ("whole", "stepped"),
    [(Touched, SteppedTouched), (Error, SteppedError)],
    ids=["header", "error"],
)
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_an_answer_sent_whole_is_the_one_that_goes_through_the_steps(
    whole: type[RequestHandler], stepped: type[RequestHandler], version: bytes, method: bytes
) -> None:
    wire = GET.replace(b"1.1", version).replace(b"GET", method)
    answers = []
    for handler in (whole, stepped):
        handler.head = handler.get
        answers.append(sorted(without_date(answer_of(handler, wire))))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "Connection"])
def test_an_answer_that_frames_itself_goes_through_the_steps(name: str) -> None:
    values = {"Content-Length": "5", "Transfer-Encoding": "chunked", "Connection": "close"}

    class Framing(Hello):
        def prepare(self) -> None:
            self.set_header(name, values[name])

    answer = answer_of(Framing)
    assert answer.count(b"Content-Length: 5\r\n") == 1
    assert answer.count(b"Connection: close\r\n") == (name != "Content-Length")
    assert answer.endswith(b"5\r\nHello\r\n0\r\n\r\n" if name == "Transfer-Encoding" else b"Hello")


@pytest.mark.parametrize("handler", [Hello, Touched])
def test_who_looks_at_the_header_afterwards_sees_what_was_sent(
    handler: type[RequestHandler],
) -> None:
    seen = []
    application = Application([("/", handler)], log_function=lambda h: seen.append(h._headers))
    answers = []

    async def main() -> None:
        async with serving(application) as running:
            answers.append(await running.exchange(GET))

    run(main)
    sent = HTTPHeaders.parse(answers[0].partition(b"\r\n\r\n")[0].partition(b"\r\n")[2].decode())
    assert dict(seen[0].get_all()) == dict(sent.get_all())
    assert seen[0]["Content-Length"] == "5"


def test_a_field_that_may_not_be_sent_leaves_room_for_an_error_page(logs: LogWatch) -> None:
    class Bad(Hello):
        def prepare(self) -> None:
            self._headers["X"] = "a\r\nSet-Cookie: b"

    with logs.expect("whirlwind.application", "Uncaught exception"):
        answer = answer_of(Bad)
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"Set-Cookie" not in answer
