"""Handlers over real sockets: methods of every kind, errors, streaming, what agents replace."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
import json
import re
from collections.abc import Callable
from typing import Any
from unittest import mock

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
from whirlwind.websocket import WebSocketHandler


def method_of_kind(kind: str) -> Callable[..., Any]:
    def plain(self: web.RequestHandler) -> None:
        self.write("done")

    @gen.coroutine
    def generator(self: web.RequestHandler) -> Any:
        yield asyncio.sleep(0)
        self.write("done")

    @gen.coroutine
    def finished_generator(self: web.RequestHandler) -> Any:
        yield []
        self.write("done")

    async def native(self: web.RequestHandler) -> None:
        await asyncio.sleep(0)
        self.write("done")

    async def finished_native(self: web.RequestHandler) -> None:
        async with asyncio.timeout(5):
            self.write("done")

    def future(self: web.RequestHandler) -> Any:
        pending = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(pending.set_result, None)
        self.write("done")
        return pending

    return locals()[kind]  # type: ignore[no-any-return]


KINDS = ["plain", "generator", "finished_generator", "native", "finished_native", "future"]


@pytest.mark.parametrize("prepare", KINDS)
@pytest.mark.parametrize("kind", KINDS)
def test_prepare_and_method_may_be_of_any_kind(prepare: str, kind: str) -> None:
    handler = type(
        "Handler",
        (web.RequestHandler,),
        {"prepare": method_of_kind(prepare), "get": method_of_kind(kind)},
    )
    [answer] = ask(handler, request("/"))
    assert (answer.status, answer.body) == (200, b"donedone")
    assert answer.headers["Content-Length"] == "8"


def test_a_plain_method_needs_no_task_and_no_turn_of_the_loop() -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            assert asyncio.current_task() is None
            [protocol] = {self.request.server_connection}
            assert isinstance(protocol, ServerProtocol)
            assert protocol._pumping  # still inside the call that brought the bytes
            self.write("done")

    assert ask(Handler, request("/"))[0].body == b"done"


def test_a_native_coroutine_is_answered_in_the_turn_in_which_it_ends() -> None:
    order: list[str] = []

    class Handler(web.RequestHandler):
        async def get(self) -> None:
            await asyncio.sleep(0)
            assert asyncio.current_task() is not None
            asyncio.get_running_loop().call_soon(order.append, "next turn")

        def on_finish(self) -> None:
            order.append("answered")

    ask(Handler, request("/"))
    assert order == ["answered", "next turn"]


def test_the_default_headers_are_tornados_with_our_name() -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.write("done")

    [answer] = ask(Handler, request("/"))
    assert list(answer.headers)[:5] == ["Server", "Content-Type", "Date", "Etag", "Content-Length"]
    assert answer.headers["Server"].startswith("whirlwind/")
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"


def test_headers_come_out_the_same_whether_or_not_somebody_looked_at_them() -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            if self.get_query_argument("look", None):
                assert self._headers["Content-Type"]
            self.write({"a": "b"})

    unseen, seen = ask(Handler, request("/"), request("/?look=1"))
    assert unseen.headers | {"Date": ""} == seen.headers | {"Date": ""}
    assert unseen.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert unseen.body == seen.body == b'{"a": "b"}'


def test_a_head_is_answered_as_a_get_without_its_body() -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.write("done")

        head = get

    with_body, without = ask(Handler, request("/"), request("/", method="HEAD"))
    assert with_body.headers | {"Date": ""} == without.headers | {"Date": ""}
    assert (with_body.body, without.body) == (b"done", b"")


def test_an_etag_that_the_client_holds_is_answered_with_304() -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.write("done")

    [first] = ask(Handler, request("/"))
    etag = first.headers["Etag"]
    for held in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        [answer] = ask(Handler, request("/", f"If-None-Match: {held}"))
        assert (answer.status, answer.body) == (304, b"")
        assert "Content-Type" not in answer.headers
    assert ask(Handler, request("/", 'If-None-Match: "x"'))[0].status == 200


def test_a_tag_that_the_handler_sets_is_its_own_business() -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.set_header("Etag", '"mine"')
            self.write("done")

    for line in ('If-None-Match: "mine"', "If-None-Match: *"):
        [answer] = ask(Handler, request("/", line))
        assert (answer.status, answer.body, answer.headers["Etag"]) == (200, b"done", '"mine"')


@pytest.mark.parametrize("reason", [" ", "a\nb", "a\rb", "<b>", "\0", "\x7f", "\u20ac"])
def test_a_reason_that_may_not_be_sent_is_unknown(reason: str) -> None:
    """CVE-2025-67724: it often is the text of an exception."""

    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.set_status(400, reason)

        def post(self) -> None:
            raise web.HTTPError(400, reason=reason)

    for method in ("GET", "POST"):
        [answer] = ask(Handler, request("/", method=method))
        assert (answer.status, answer.reason) == (400, "Unknown")
        assert b"<b>" not in answer.body


def test_flushed_pieces_are_chunked_and_wait_for_the_client() -> None:
    class Handler(web.RequestHandler):
        @gen.coroutine
        def get(self) -> Any:
            for piece in ("one", "two"):
                self.write(piece)
                yield self.flush()

    [answer] = ask(Handler, request("/"))
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


def test_groups_of_the_path_become_arguments() -> None:
    class Handler(web.RequestHandler):
        def get(self, *args: str, **kwargs: str) -> None:
            self.write({"args": args, "kwargs": kwargs})

    [positional] = ask(Handler, request("/a%2Fb/c"), pattern="/([^/]*)/(x)?(c)")
    assert json.loads(positional.body) == {"args": ["a/b", None, "c"], "kwargs": {}}
    [named] = ask(Handler, request("/%C3%A9"), pattern="/(?P<name>.*)")
    assert json.loads(named.body) == {"args": [], "kwargs": {"name": "é"}}
    [positional] = ask(Handler, request("/a+b/c"), pattern="/([^/]*)/(x)?(c)")
    assert json.loads(positional.body) == {"args": ["a+b", None, "c"], "kwargs": {}}
    [named] = ask(Handler, request("/plain"), pattern="/(?P<name>.*?)(?P<none>x)?")
    assert json.loads(named.body) == {"args": [], "kwargs": {"name": "plain", "none": None}}


def test_a_replaced_decode_argument_sees_the_bytes_of_the_path() -> None:
    class Handler(web.RequestHandler):
        def decode_argument(self, value: bytes, name: str | None = None) -> str:
            return f"{name} {value!r}"

        def get(self, *args: str, **kwargs: str) -> None:
            self.write({"args": args, "kwargs": kwargs})

    [positional] = ask(Handler, request("/plain"), pattern="/(.*)")
    assert json.loads(positional.body)["args"] == ["None b'plain'"]
    [named] = ask(Handler, request("/plain"), pattern="/(?P<name>.*)")
    assert json.loads(named.body)["kwargs"] == {"name": "name b'plain'"}


def test_rule_12_only_supported_methods_are_dispatched(logs: LogWatch) -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.write("done")

        def brew(self) -> None:
            self.write("coffee")

    wires = [request("/", method=name) for name in ("BREW", "WRITE", "get", "__init__", "PREPARE")]
    assert [answer.status for answer in ask(Handler, *wires)] == [405] * 5

    class Pot(Handler):
        SUPPORTED_METHODS = (*web.RequestHandler.SUPPORTED_METHODS, "BREW")

    assert ask(Pot, request("/", method="BREW"))[0].body == b"coffee"


def test_errors_are_answered_and_logged(logs: LogWatch) -> None:
    class Handler(web.RequestHandler):
        def get(self) -> Any:
            return getattr(self, str(self.get_argument("how")))()

        def boom(self) -> None:
            raise ZeroDivisionError("secret")

        async def late(self) -> None:
            await asyncio.sleep(0)
            raise ZeroDivisionError("secret")

        def http(self) -> None:
            raise web.HTTPError(418, "for the %s", "log", reason="Teapot")

        def end(self) -> None:
            self.write("enough")
            raise web.Finish

    for how in ("boom", "late"):
        with logs.expect("whirlwind.application", "Uncaught exception GET"):
            [answer] = ask(Handler, request(f"/?how={how}"))
        assert answer.status == 500
        assert b"secret" not in answer.body
    with logs.expect("whirlwind.general", "418 GET .*for the log"):
        [answer] = ask(Handler, request("/?how=http"))
    assert (answer.status, answer.reason) == (418, "Teapot")
    assert b"418: Teapot" in answer.body
    assert ask(Handler, request("/?how=end"))[0].body == b"enough"
    with logs.expect("whirlwind.application", "Uncaught exception GET"):
        [answer] = ask(Handler, request("/?how=boom"), serve_traceback=True)
    assert b"ZeroDivisionError: secret" in answer.body
    assert answer.headers["Content-Type"] == "text/plain"


def test_what_cannot_be_waited_for_is_an_error_that_says_so(logs: LogWatch) -> None:
    class Handler(web.RequestHandler):
        def get(self) -> Any:
            return "text"

    with logs.expect("whirlwind.application", "Uncaught exception GET"):
        assert ask(Handler, request("/"))[0].status == 500


def test_an_error_in_the_middle_of_an_answer_ends_the_connection(logs: LogWatch) -> None:
    class Handler(web.RequestHandler):
        async def get(self) -> None:
            self.set_header("Content-Length", "100")
            self.write("begun")
            await self.flush()
            raise ZeroDivisionError

    with (
        logs.expect("whirlwind.application", "Uncaught exception GET"),
        logs.expect("whirlwind.general", "Cannot send error response"),
        logs.expect("whirlwind.general", "Failed to flush partial"),
    ):
        handler = Handler

        async def main() -> None:
            async with serving(web.Application([("/", handler)])) as running:
                try:
                    got = await running.exchange(request("/"))
                except ConnectionResetError:
                    return
                assert len(Answer(got).body) < 100

        run(main)


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\rb", "a\x00b"])
def test_rule_4_a_header_value_that_would_be_two_is_refused(value: str) -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            with pytest.raises(ValueError, match="Unsafe header"):
                self.set_header("X", value)
            with pytest.raises(ValueError, match="Unsafe header"):
                self.add_header("X", value)
            with pytest.raises(ValueError, match="Unsafe header"):
                self.redirect(value)
            self.set_status(200, value)
            assert self._reason == "Unknown"
            for part in ("domain", "path", "samesite"):
                with pytest.raises(ValueError, match="Invalid cookie"):
                    self.set_cookie("a", "b", **{part: value})  # type: ignore[arg-type]
            self.set_status(200)
            self.finish("done")

    [answer] = ask(Handler, request("/"))
    assert (answer.status, answer.body) == (200, b"done")
    assert not {"X", "Location", "Set-Cookie"} & set(answer.headers)


@pytest.mark.parametrize("length", ["abc", "-5", "5_0", "0x5", "5,5"])
def test_rule_4_a_length_that_is_no_number_ends_the_connection(length: str, logs: LogWatch) -> None:
    answers: list[bytes] = []

    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.set_header("Content-Length", length)
            self.write("hello")

    async def main() -> None:
        async with serving(web.Application([("/", Handler)])) as running:
            answers.append(await running.exchange(request("/")))

    with (
        logs.expect("whirlwind.application", "Uncaught exception GET"),
        logs.expect("whirlwind.general", "Cannot send error response"),
    ):
        run(main)
    assert answers == [b""]


def test_a_redirect_has_its_location_and_status() -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.redirect("/there", permanent=self.get_argument("for", "") == "ever")

    once, ever = ask(Handler, request("/"), request("/?for=ever"))
    assert (once.status, ever.status) == (302, 301)
    assert once.headers["Location"] == ever.headers["Location"] == "/there"


def test_a_client_that_goes_away_is_noticed() -> None:
    gone = asyncio.Event()
    arrived = asyncio.Event()

    class Handler(web.RequestHandler):
        async def get(self) -> None:
            arrived.set()
            await gone.wait()

        def on_connection_close(self) -> None:
            gone.set()

    async def main() -> None:
        async with serving(
            web.Application([("/", Handler)], log_function=lambda handler: None)
        ) as running:
            client = await running.connect()
            await client.send(request("/"))
            await arrived.wait()
            client.close()
            await gone.wait()
            while running.server._connections:
                await asyncio.sleep(0)

    run(main)


def test_a_replaced_execute_runs_and_may_call_the_stock_one() -> None:
    seen: list[str] = []

    class Handler(web.RequestHandler):
        async def _execute(self, transforms: Any, *args: Any, **kwargs: Any) -> None:
            seen.append("before")
            await super()._execute(transforms, *args, **kwargs)
            seen.append("after")

        async def prepare(self) -> None:
            await asyncio.sleep(0)

        async def get(self, word: str) -> None:
            await asyncio.sleep(0)
            self.write(word)

    assert inspect.iscoroutinefunction(web.RequestHandler._execute)
    assert ask(Handler, request("/word"), pattern="/(.*)")[0].body == b"word"
    assert seen == ["before", "after"]


def test_what_agents_patch_on_the_class_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    for name in ("_execute", "prepare", "on_finish", "flush", "__init__", "set_default_headers"):
        stock = getattr(web.RequestHandler, name)

        def patched(
            self: Any, *args: Any, _stock: Any = stock, _name: str = name, **kwargs: Any
        ) -> Any:
            seen.append(_name)
            return _stock(self, *args, **kwargs)

        monkeypatch.setattr(web.RequestHandler, name, patched, raising=False)

    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.write("done")

    assert ask(Handler, request("/"))[0].body == b"done"
    assert set(seen) == {
        "_execute",
        "prepare",
        "on_finish",
        "flush",
        "__init__",
        "set_default_headers",
    }


def test_one_context_holds_from_prepare_to_on_finish_and_ends_there() -> None:
    variable = contextvars.ContextVar("variable", default="unset")
    seen: list[str] = []

    class Handler(web.RequestHandler):
        def prepare(self) -> None:
            seen.append(variable.get())
            self.token = variable.set("set")

        async def get(self) -> None:
            seen.append(variable.get())
            await asyncio.sleep(0)

        def on_finish(self) -> None:
            seen.append(variable.get())
            variable.reset(self.token)

    ask(Handler, request("/"), request("/"))
    assert seen == ["unset", "set", "set"] * 2


def test_rule_2_after_an_upgrade_leftover_bytes_go_to_the_new_protocol_only() -> None:
    done: list[Any] = []

    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.request.connection.write_headers(
                ResponseStartLine("", 101, "Switching Protocols"), HTTPHeaders({"Upgrade": "echo"})
            )
            done.append(asyncio.ensure_future(self.echo(self.detach())))

        async def echo(self, stream: IOStream) -> None:
            await stream.write(await stream.read_bytes(len(b"GET /not HTTP/1.1") + 5))
            stream.close()

    async def main() -> None:
        async with serving(web.Application([("/", Handler)])) as running:
            client = await running.connect()
            await client.send(
                b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"
                b"GET /not HTTP/1.1"
            )
            assert (await client.head()).startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
            await client.send(b" more")
            assert await client.rest() == b"GET /not HTTP/1.1 more"
            await done[0]

    run(main)


def test_an_old_asynchronous_method_finishes_by_itself() -> None:
    class Handler(web.RequestHandler):
        @web.asynchronous
        def get(self) -> None:
            asyncio.get_running_loop().call_soon(self.finish, "later")

    assert ask(Handler, request("/"))[0].body == b"later"


def _later_by_callback(self: web.RequestHandler) -> None:
    def fail() -> None:
        raise web.HTTPError(503)

    IOLoop.current().add_callback(IOLoop.current().add_callback, fail)


@gen.engine
def _in_an_engine(self: web.RequestHandler) -> Any:
    yield gen.Task(IOLoop.current().add_callback)
    raise web.HTTPError(503)


@gen.engine
def _in_an_engine_that_never_waits(self: web.RequestHandler) -> Any:
    yield []
    raise web.HTTPError(503)


@gen.coroutine
def _in_a_coroutine(self: web.RequestHandler) -> Any:
    yield gen.moment
    raise web.HTTPError(503)


def _at_once(self: web.RequestHandler) -> None:
    raise web.HTTPError(503)


@pytest.mark.parametrize(
    "method",
    [
        _later_by_callback,
        _in_an_engine,
        _in_an_engine_that_never_waits,
        _in_a_coroutine,
        _at_once,
    ],
)
def test_an_error_after_an_asynchronous_method_is_answered(method: Callable[..., Any]) -> None:
    class Handler(web.RequestHandler):
        get = web.asynchronous(method)

    assert ask(Handler, request("/"))[0].status == 503


def test_an_error_after_the_answer_of_an_asynchronous_method_is_logged(logs: LogWatch) -> None:
    class Handler(web.RequestHandler):
        @web.asynchronous
        def get(self) -> None:
            IOLoop.current().add_callback(self.fail)
            self.finish("done")

        def fail(self) -> None:
            raise ZeroDivisionError

    with logs.expect("whirlwind.application", "Uncaught exception GET /"):
        assert ask(Handler, request("/"))[0].body == b"done"


def test_a_handler_that_finishes_later_hears_of_a_client_that_goes_away() -> None:
    arrived, gone = asyncio.Event(), asyncio.Event()

    class Handler(web.RequestHandler):
        @web.asynchronous
        def get(self) -> None:
            arrived.set()

        def on_connection_close(self) -> None:
            gone.set()

    async def main() -> None:
        async with serving(web.Application([("/", Handler)])) as running:
            client = await running.connect()
            await client.send(request("/"))
            await arrived.wait()
            client.close()
            await gone.wait()

    run(main)


def test_write_takes_what_it_says() -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            with pytest.raises(TypeError, match="Lists not accepted"):
                self.write(["a"])
            with pytest.raises(TypeError, match="only accepts"):
                self.write(5)
            self.write(b"a")
            self.finish("é")
            with pytest.raises(RuntimeError, match="Cannot write"):
                self.write("b")
            with pytest.raises(RuntimeError, match="twice"):
                self.finish()

    assert ask(Handler, request("/"))[0].body == "aé".encode()


def test_transforms_change_head_and_body() -> None:
    class Upper(web.OutputTransform):
        def transform_first_chunk(
            self, status_code: int, headers: Any, chunk: bytes, finishing: bool
        ) -> Any:
            headers["X-Upper"] = "yes"
            return status_code, headers, chunk.upper()

    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.write("done")

    [answer] = ask(Handler, request("/"), transforms=[Upper])
    assert (answer.body, answer.headers["X-Upper"]) == (b"DONE", "yes")


def test_a_normal_request_leaves_no_reference_cycle() -> None:
    class Plain(web.RequestHandler):
        def get(self) -> None:
            self.get_argument("a", None)
            self.set_header("X", "y")
            self.write({"a": 1})

        async def post(self) -> None:
            await asyncio.sleep(0)
            self.write(self.request.body)

    async def both(running: Serving) -> None:
        await running.exchange(request("/?a=1"))
        await running.exchange(request("/", method="POST", body=b"abc"))
        await running.exchange(request("/none"))

    async def main() -> None:
        application = web.Application([("/", Plain)], log_function=lambda handler: None)
        async with serving(application) as running:
            await both(running)
            gc.collect()
            gc.disable()
            gc.set_debug(gc.DEBUG_SAVEALL)
            try:
                await both(running)
                gc.collect()
                ours = [
                    thing
                    for thing in gc.garbage
                    if isinstance(thing, BaseHandler)
                    or type(thing).__module__.startswith("whirlwind")
                ]
                assert ours == []
            finally:
                gc.set_debug(0)
                gc.garbage.clear()
                gc.enable()

    run(main)


def test_a_program_may_use_short_private_names_for_itself() -> None:
    words = "json body fields events next failed etag cancelled begin resume due decoded awaited"

    class Handler(web.RequestHandler):
        def initialize(self) -> None:
            for word in words.split():
                setattr(self, f"_{word}", word)

        async def get(self) -> None:
            await gen.sleep(0)
            self.write({"a": self.get_argument("a")})

    (answer,) = ask(Handler, request("/?a=b"))
    assert (answer.status, answer.body) == (200, b'{"a": "b"}')
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"


@pytest.mark.parametrize("handler", [web.RequestHandler, WebSocketHandler])
def test_private_names_of_one_word_are_those_that_tornado_has_as_well(handler: type) -> None:
    one_word = {name for name in dir(handler) if re.fullmatch("_[a-z0-9]+", name)}
    known = "_execute _finished _headers _initialize _locale _log _reason _transforms"
    assert one_word == set(known.split())


def test_a_handler_answers_a_request_that_a_test_made_up() -> None:
    made_up = mock.MagicMock()
    handler = web.RequestHandler(web.Application(), made_up)
    handler._transforms = []
    handler.set_header("A", "b")
    handler.write({})
    assert handler.finish() is made_up.connection.write_headers.return_value
    line, headers, body = made_up.connection.write_headers.call_args.args
    assert (line.code, headers["A"], body) == (200, "b", b"{}")
    assert headers["Date"].endswith(" GMT")
