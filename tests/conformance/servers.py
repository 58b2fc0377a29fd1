"""The programs that the cases run on; each writes down the requests it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.conformance.case import Kind

from whirlwind._http.messages import (
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
)
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import ResponseStartLine
from whirlwind.web import Application, HTTPError, RequestHandler, stream_request_body


@dataclass
class Seen:
    """A request as the program saw it."""

    method: str
    target: str
    path: str
    query: str
    host: str
    version: str
    body: bytes
    fields: HTTPHeaders


Note = Callable[[HTTPServerRequest], None]


def program(kind: Kind, seen: list[Seen]) -> Any:
    """Make the program of this kind; what it is given goes to ``seen``."""

    def note(request: HTTPServerRequest) -> None:
        seen.append(
            Seen(
                str(request.method),
                str(request.uri),
                request.path,
                request.query,
                request.host,
                request.version,
                request.body,
                request.headers,
            )
        )

    if kind == "application":
        rules: list[Any] = [
            ("/web/" + name, handler, {"note": note}) for name, handler in HANDLERS.items()
        ]
        return Application(
            [*rules, (".*", Echo, {"note": note})], log_function=lambda handler: None
        )

    def answer(request: HTTPServerRequest) -> None:
        note(request)
        request.connection.write_headers(
            ResponseStartLine("", 200, "OK"), HTTPHeaders({"Content-Length": "2"}), b"ok"
        )
        request.connection.finish()

    return answer if kind == "callback" else _Delegate(answer)


class _Delegate(HTTPServerConnectionDelegate):
    def __init__(self, answer: Note) -> None:
        self.answer = answer

    def start_request(self, server_conn: object, request_conn: Any) -> HTTPMessageDelegate:
        return _Message(request_conn, self.answer)


class _Message(HTTPMessageDelegate):
    def __init__(self, connection: Any, answer: Note) -> None:
        self.connection = connection
        self.answer = answer
        self.pieces: list[bytes] = []

    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> None:
        self.request = HTTPServerRequest(
            start_line=start_line, headers=headers, connection=self.connection
        )

    def data_received(self, chunk: bytes) -> None:
        self.pieces.append(chunk)

    def finish(self) -> None:
        self.request.body = b"".join(self.pieces)
        self.answer(self.request)


class Echo(RequestHandler):
    """Takes every method there is."""

    SUPPORTED_METHODS = (
        *RequestHandler.SUPPORTED_METHODS,
        *("CONNECT", "TRACE", "BREW", "get", "x" * 100),
    )

    def initialize(self, note: Note) -> None:
        self.note = note

    def get(self) -> None:
        self.note(self.request)
        self.write("ok")

    head = post = put = patch = delete = options = connect = trace = brew = get


setattr(Echo, "x" * 100, Echo.get)


class _Noting(RequestHandler):
    def initialize(self, note: Note) -> None:
        self.note = note

    def prepare(self) -> None:
        self.note(self.request)


class _Plain(_Noting):
    def get(self) -> None:
        self.set_header("Cache-Control", "max-age=1")
        self.set_header("Vary", "Accept")
        self.set_header("Expires", "Thu, 01 Jan 2037 00:00:00 GMT")
        self.set_header("Content-Location", "/other")
        self.write("plain")

    head = post = get


class _OnlyGet(_Noting):
    def get(self) -> None:
        self.write("only")


class _Status(_Noting):
    """A status without a body, with framing fields that it may not have."""

    def get(self, status: str) -> None:
        self.set_status(int(status))
        if self.get_argument("length", None):
            self.set_header("Content-Length", "5")
        if self.get_argument("chunked", None):
            self.set_header("Transfer-Encoding", "chunked")

    head = get


class _Both(_Noting):
    """Sets both framing fields, as a careless gateway does."""

    def get(self) -> None:
        self.set_header("Transfer-Encoding", "chunked")
        self.set_header("Content-Length", "4")
        self.write("both")

    head = get


class _Stream(_Noting):
    """A body whose length nobody knows."""

    def get(self) -> None:
        self.write("one")
        self.flush()
        self.write("two")

    head = get


class _Interim(_Noting):
    def get(self) -> None:
        self.request.connection.write_headers(
            ResponseStartLine("", 103, "Early Hints"), HTTPHeaders({"Link": "</a>"})
        )
        self.write("final")


class _NotFound(_Noting):
    def get(self) -> None:
        raise HTTPError(404)

    head = get


class _Moved(_Noting):
    def get(self) -> None:
        self.redirect("/a")


class _Tagged(_Noting):
    def compute_etag(self) -> str:
        return 'W/"weak"' if self.get_argument("weak", None) else '"t,a\\g"'

    def get(self) -> None:
        self.write("tagged")

    head = post = options = get


@stream_request_body
class _Early(RequestHandler):
    """Answers before the body has come."""

    def initialize(self, note: Note) -> None:
        self.note = note

    def prepare(self) -> None:
        self.set_status(403)
        self.finish("no")

    def data_received(self, chunk: bytes) -> None:
        raise AssertionError("nobody asked for it")

    def post(self) -> None:
        raise AssertionError("it was answered")


class _NoDate(_Noting):
    def get(self) -> None:
        self.clear_header("Date")
        self.write("x")


class _Empty(_Noting):
    def get(self) -> None:
        pass


class _Cookie(_Noting):
    def get(self) -> None:
        self.write(self.get_cookie("a", "none") or "empty")


class _TwoCookies(_Noting):
    def get(self) -> None:
        self.set_cookie("a", "1")
        self.set_cookie("b", "2")


HANDLERS: dict[str, type[RequestHandler]] = {
    "plain": _Plain,
    "only-get": _OnlyGet,
    "status/([0-9]+)": _Status,
    "both": _Both,
    "stream": _Stream,
    "interim": _Interim,
    "not-found": _NotFound,
    "moved": _Moved,
    "tagged": _Tagged,
    "early": _Early,
    "no-date": _NoDate,
    "empty": _Empty,
    "cookie": _Cookie,
    "two-cookies": _TwoCookies,
}
