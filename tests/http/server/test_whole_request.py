"""Functions as receivers of whole requests, without a connection."""

from __future__ import annotations

import contextvars

from whirlwind._http.messages import HTTPConnection, HTTPServerRequest
from whirlwind._http.server.whole_request import CallableDelegate, WholeRequest
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import RequestStartLine

got: list[HTTPServerRequest] = []


def receive(request: HTTPServerRequest) -> None:
    got.append(request)


def test_a_request_is_given_with_its_whole_body_and_not_before() -> None:
    got.clear()
    whole = WholeRequest(HTTPServerRequest("POST", "/a"), receive)
    whole.data_received(b"one ")
    whole.data_received(b"two")
    assert not got
    whole.finish()
    assert [(request.uri, request.body) for request in got] == [("/a", b"one two")]


def test_a_request_is_made_of_a_head_that_is_yet_to_come() -> None:
    got.clear()
    connection = HTTPConnection()
    delegate = CallableDelegate(receive).start_request(object(), connection)
    delegate.headers_received(
        RequestStartLine("PUT", "/b?c=d", "HTTP/1.1"), HTTPHeaders({"Host": "h"})
    )
    delegate.data_received(b"body")
    delegate.finish()
    [request] = got
    assert (request.method, request.path, request.body) == ("PUT", "/b", b"body")
    assert request.connection is connection


def test_what_a_function_sets_in_its_context_is_not_there_for_the_next() -> None:
    said = contextvars.ContextVar[str]("said")
    before: list[str] = []

    def say(request: HTTPServerRequest) -> None:
        before.append(said.get("nothing"))
        said.set(str(request.path))

    for path in ("/a", "/b"):
        CallableDelegate(say).receive_request(HTTPServerRequest("GET", path))
    assert before == ["nothing", "nothing"]
