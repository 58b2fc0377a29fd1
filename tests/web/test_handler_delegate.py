"""Requests on their way into a handler: streamed bodies, and what is wrong with them."""

from __future__ import annotations
import asyncio
import contextvars
import gc
import json
from collections.abc import Callable
from typing import Any
import pytest
from tests.conftest import LogWatch
from tests.support.handlers import Answer, ask, request
from tests.support.raw_http import Serving, run, serving
from whirlwind import gen, web
from whirlwind._http.server.protocol import ServerProtocol
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.iostream import IOStream
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import ResponseStartLine
from whirlwind._web.base_handler import BaseHandler


def test_a_streamed_body_comes_in_pieces_after_prepare() -> None:
    events: list[Any] = []

    @web.stream_request_body
    class Handler(web.RequestHandler):
        async def prepare(self) -> None:
            await asyncio.sleep(0)
            events.append("prepare")

        async def data_received(self, chunk: bytes) -> None:
            await asyncio.sleep(0)
            events.append(len(chunk))

        def post(self) -> None:
            events.append("post")
            self.write(str(len(self.request.body)))

    [answer] = ask(Handler, request("/", method="POST", body=b"x" * 300_000))
    assert answer.body == b"0"
    assert events[0] == "prepare"
    assert events[-1] == "post"
    assert sum(events[1:-1]) == 300_000
    assert max(events[1:-1]) <= 65536


def test_a_streamed_body_may_be_larger_if_prepare_says_so() -> None:
    @web.stream_request_body
    class Handler(web.RequestHandler):
        def prepare(self) -> None:
            self.request.connection.set_max_body_size(20)

        def data_received(self, chunk: bytes) -> None:
            pass

        def post(self) -> None:
            self.write("done")

    async def main() -> None:
        async with serving(web.Application([("/", Handler)]), max_body_size=10) as running:
            for size, status in ((20, 200), (21, 400)):
                wire = request("/", method="POST", body=b"x" * size)
                assert Answer(await running.exchange(wire)).status == status

    run(main)
