"""The steps of one call of a WSGI application."""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from typing import Any

import pytest

from whirlwind._web.wsgi.call import WSGICall

VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="outside")


class Body:
    """An iterable that knows how often it was closed."""

    def __init__(self, *chunks: Any) -> None:
        self.chunks = chunks
        self.closed = 0

    def __iter__(self) -> Iterator[Any]:
        return iter(self.chunks)

    def close(self) -> None:
        self.closed += 1


def begun(application: Any, flushes: list[None] | None = None) -> WSGICall:
    call = WSGICall(application, {}, lambda: (flushes if flushes is not None else []).append(None))
    call.begin()
    return call


def test_pieces_come_one_by_one_and_then_none() -> None:
    body = Body(b"a", b"", b"b")
    call = begun(lambda environ, start: body)
    assert call.whole is None
    assert [call.next() for _ in range(5)] == [b"a", b"", b"b", None, None]


@pytest.mark.parametrize("body", [[b"a", b"b"], (b"a", b"b")])
def test_a_body_that_is_there_is_taken_at_once(body: Any) -> None:
    call = begun(lambda environ, start: body)
    assert (call.whole, call.next()) == (b"ab", None)


@pytest.mark.parametrize("body", [["text"], Body("text")])
def test_text_is_refused(body: Any) -> None:
    with pytest.raises(TypeError, match="not bytes"):
        begun(lambda environ, start: body).next()


def test_close_is_called_once() -> None:
    body = Body(b"a")
    call = begun(lambda environ, start: body)
    call.close()
    call.close()
    assert body.closed == 1


def test_what_is_written_waits_to_be_sent() -> None:
    def application(environ: Any, start: Any) -> list[bytes]:
        write = start("200 OK", [])
        write(b"a")
        write(b"b")
        return []

    flushes: list[None] = []
    call = begun(application, flushes)
    assert (call.written, len(flushes), call.head.code) == ([b"a", b"b"], 2, 200)


def test_all_steps_share_one_context_of_their_own() -> None:
    def application(environ: Any, start: Any) -> Iterator[bytes]:
        try:
            VARIABLE.set("inside")
            yield b"a"
            assert VARIABLE.get() == "inside"
            yield b"b"
        finally:
            assert VARIABLE.get() == "inside"
            VARIABLE.set("closed")

    call = begun(application)
    assert (call.next(), call.next()) == (b"a", b"b")
    call.close()
    assert VARIABLE.get() == "outside"
