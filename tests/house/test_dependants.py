"""The names that programs built on Tornado take from it, private ones included.

Found in the sources of forty published packages, from bokeh to webssh. A name that goes away breaks
one of them.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import whirlwind
from whirlwind import (
    gen,
    httpclient,
    httpserver,
    httputil,
    ioloop,
    iostream,
    routing,
    simple_httpclient,
    tcpserver,
    template,
    web,
    websocket,
)
from whirlwind import options as options_door

# door: what is imported from it
IMPORTED = {
    "auth": "AuthError GoogleOAuth2Mixin OAuth2Mixin",
    "autoreload": "add_reload_hook watch",
    "concurrent": "Future future_add_done_callback run_on_executor",
    "escape": (
        "json_decode json_encode native_str url_escape url_unescape utf8 xhtml_escape "
        "xhtml_unescape"
    ),
    "gen": (
        "Future Return TimeoutError WaitIterator chain_future convert_yielded coroutine "
        "is_coroutine_function moment multi sleep with_timeout"
    ),
    "httpclient": (
        "AsyncHTTPClient HTTPClient HTTPClientError HTTPError HTTPRequest HTTPResponse "
        "_RequestProxy"
    ),
    "httpserver": "HTTPServer",
    "httputil": (
        "HTTPHeaders HTTPInputError HTTPServerRequest ResponseStartLine format_timestamp "
        "parse_body_arguments parse_cookie parse_response_start_line responses "
        "split_host_and_port url_concat urlencode"
    ),
    "ioloop": "IOLoop PeriodicCallback TimeoutError",
    "iostream": "IOStream StreamBufferFullError StreamClosedError _ERRNO_CONNRESET",
    "locks": "Condition Event Lock",
    "log": "LogFormatter access_log app_log enable_pretty_logging gen_log",
    "netutil": ("DefaultLoopResolver Resolver add_accept_handler bind_sockets bind_unix_socket"),
    "options": "define options parse_command_line parse_config_file",
    "platform.asyncio": "AddThreadSelectorEventLoop asyncio",
    "process": "cpu_count",
    "queues": "Queue",
    "routing": "Matcher PathMatches Router Rule RuleRouter _RuleList",
    "simple_httpclient": "SimpleAsyncHTTPClient",
    "tcpclient": "TCPClient",
    "tcpserver": "TCPServer",
    "template": "Template",
    "testing": "AsyncHTTPTestCase bind_unused_port",
    "util": "ObjectDict errno_from_exception",
    "web": (
        "Application ErrorHandler FallbackHandler Finish GZipContentEncoding HTTPError "
        "MissingArgumentError OutputTransform RedirectHandler RequestHandler StaticFileHandler "
        "UIModule _has_stream_request_body addslash authenticated decode_signed_value removeslash "
        "url"
    ),
    "websocket": (
        "WebSocketClientConnection WebSocketClosedError WebSocketError WebSocketHandler "
        "_default_max_message_size websocket_connect"
    ),
    "wsgi": "WSGIContainer",
}


@pytest.mark.parametrize("door", IMPORTED)
def test_every_name_can_be_imported(door: str) -> None:
    module = importlib.import_module(f"whirlwind.{door}")
    assert [name for name in IMPORTED[door].split() if not hasattr(module, name)] == []


def test_the_version_is_a_text_and_four_numbers() -> None:
    assert isinstance(whirlwind.version, str)
    assert [type(part) for part in whirlwind.version_info] == [int] * 4


def test_a_star_import_of_the_loop_gives_the_loop() -> None:
    # As pyzmq does it.
    names: dict[str, Any] = {}
    exec("from whirlwind.ioloop import *", names)
    assert names["IOLoop"] is ioloop.IOLoop
    assert names["PeriodicCallback"] is ioloop.PeriodicCallback


# class: what of it is called, overridden or wrapped
ON_CLASSES: dict[type, str] = {
    web.Application: "__init__ __call__ find_handler log_request",
    web.RequestHandler: (
        "__init__ _decode_xsrf_token _execute _get_raw_xsrf_token _handle_request_exception "
        "_unimplemented_method add_header flush log_exception on_connection_close on_finish "
        "prepare set_default_headers write_error xsrf_token"
    ),
    web.StaticFileHandler: "_static_hashes get get_version initialize",
    web.GZipContentEncoding: "CONTENT_TYPES",
    websocket.WebSocketHandler: "check_origin get on_close write_message",
    websocket.WebSocketClientConnection: "close write_message read_message",
    httpserver.HTTPServer: "start_request",
    httputil.HTTPServerRequest: "_parse_body",
    httpclient.AsyncHTTPClient: "configure fetch",
    httpclient.HTTPRequest: "_DEFAULTS",
    simple_httpclient.SimpleAsyncHTTPClient: "initialize",
    ioloop.IOLoop: (
        "ERROR READ WRITE _instance _ioloop_for_asyncio configure current initialized "
        "instance split_fd"
    ),
    iostream.IOStream: "read_into set_close_callback set_nodelay write",
    routing.PathMatches: "_find_groups",
    routing.RuleRouter: "process_rule",
    tcpserver.TCPServer: "handle_stream",
    template.Template: "generate",
}


@pytest.mark.parametrize("cls", ON_CLASSES)
def test_what_is_called_or_wrapped_is_on_its_class(cls: type) -> None:
    assert [name for name in ON_CLASSES[cls].split() if not hasattr(cls, name)] == []


class _Handler(web.RequestHandler):
    def get(self) -> None:
        self.write("ok")


def _request() -> httputil.HTTPServerRequest:
    class Connection(httputil.HTTPConnection):
        context = None

        def set_close_callback(self, callback: Any) -> None:
            pass

    return httputil.HTTPServerRequest("GET", "/", connection=Connection(), host="host")


@contextmanager
def _stream() -> Iterator[iostream.IOStream]:
    ours, theirs = socket.socketpair()
    stream = iostream.IOStream(ours)
    try:
        yield stream
    finally:
        stream.close()
        theirs.close()


@contextmanager
def _plain(make: Callable[[], Any]) -> Iterator[Any]:
    yield make()


def _application() -> web.Application:
    return web.Application([("/", _Handler)])


# What is read or set on objects, and how one is made.
ON_OBJECTS: list[tuple[str, Callable[[], Any], str]] = [
    (
        "RequestHandler",
        lambda: _plain(lambda: _Handler(_application(), _request())),
        (
            "_auto_finish _finished _headers _headers_written _reason _status_code _transforms "
            "_write_buffer application request"
        ),
    ),
    ("IOStream", _stream, "_read_buffer _read_future _total_write_index _write_buffer socket"),
    ("HTTPServer", lambda: _plain(lambda: httpserver.HTTPServer(_Handler)), "_sockets ssl_options"),
    ("Application", lambda: _plain(_application), "default_router settings wildcard_router"),
    ("the router", lambda: _plain(lambda: _application().wildcard_router), "rules named_rules"),
    (
        "a rule",
        lambda: _plain(lambda: _application().wildcard_router.rules[0]),
        "matcher target target_kwargs",
    ),
    ("PathMatches", lambda: _plain(lambda: routing.PathMatches("/(.*)")), "_path regex"),
    ("options", lambda: _plain(lambda: options_door.options), "_options"),
]


@pytest.mark.parametrize(
    ("make", "names"), [case[1:] for case in ON_OBJECTS], ids=[case[0] for case in ON_OBJECTS]
)
def test_what_is_read_or_set_is_on_the_object(make: Callable[[], Any], names: str) -> None:
    async def main() -> None:
        with make() as thing:
            assert [name for name in names.split() if not hasattr(thing, name)] == []

    asyncio.run(main())


# --- how they are used ---


def test_monitoring_agents_find_an_execute_that_is_a_coroutine_function() -> None:
    assert inspect.iscoroutinefunction(web.RequestHandler._execute)


def test_coroutines_are_marked() -> None:
    @gen.coroutine
    def work() -> Any:
        yield gen.moment

    assert work.__tornado_coroutine__ is True  # type: ignore[attr-defined]
    assert gen.is_coroutine_function(work)


def test_signatures_can_be_asked_for() -> None:
    # salt passes a client only those of its options that are there.
    names = inspect.getfullargspec(simple_httpclient.SimpleAsyncHTTPClient.initialize).args
    assert {"max_clients", "max_buffer_size", "resolver", "max_body_size"} <= set(names)


def test_a_request_proxy_takes_what_the_request_leaves_open_from_the_defaults() -> None:
    request = httpclient.HTTPRequest("http://host/")
    proxy = httpclient._RequestProxy(request, httpclient.HTTPRequest._DEFAULTS)
    assert proxy.connect_timeout == 20.0
    assert proxy.url == "http://host/"


def test_header_names_are_normalised_by_a_function_that_is_there() -> None:
    assert httputil._normalize_header("coNtent-TYPE") == "Content-Type"


def test_a_websocket_client_can_be_subclassed_and_made_by_hand() -> None:
    # As jupyter-server-proxy does it, down to the names of the arguments.
    class Connection(websocket.WebSocketClientConnection):
        pass

    async def main() -> None:
        connection = Connection(
            request=httpclient.HTTPRequest("ws://127.0.0.1:9/"),
            compression_options={},
            on_message_callback=lambda message: None,
            max_message_size=websocket._default_max_message_size,
            subprotocols=["a"],
            resolver=None,
        )
        with pytest.raises(OSError):
            await connection.connect_future

    asyncio.run(main())


def test_bytes_can_be_put_straight_into_the_buffer_of_a_stream() -> None:
    # As distributed does it, to write memory views without copying them.
    async def main() -> None:
        ours, theirs = socket.socketpair()
        stream, peer = iostream.IOStream(ours), iostream.IOStream(theirs)
        parts: list[Any] = [b"one ", memoryview(b"two "), bytearray(b"three")]
        for part in parts:
            stream._write_buffer.append(part)  # type: ignore[union-attr]
            stream._total_write_index += len(part)
        await stream.write(b"")
        assert await peer.read_bytes(13) == b"one two three"
        stream.close()
        peer.close()

    asyncio.run(main())


def test_an_application_can_be_taken_apart_by_its_rules() -> None:
    application = web.Application([(r"/a/(\d+)", _Handler)])
    (rule,) = application.wildcard_router.rules
    assert isinstance(rule.matcher, routing.PathMatches)
    assert rule.matcher._path == "/a/%s"
    assert rule.target is _Handler
    (host_rule,) = application.default_router.rules
    assert isinstance(host_rule.target, routing.RuleRouter)


def test_cookies_can_be_set_on_a_request_that_a_program_made() -> None:
    request = _request()
    request._cookies = {"a": "b"}  # type: ignore[assignment]
    assert request.cookies == {"a": "b"}


def test_options_can_be_gone_through() -> None:
    parser = options_door.OptionParser()
    parser.define("port", default=80)
    assert parser._options["port"].value() == 80


def test_errno_connreset_is_a_set_of_numbers() -> None:
    assert {type(number) for number in iostream._ERRNO_CONNRESET} == {int}


def test_the_server_keeps_its_sockets_by_descriptor() -> None:
    async def main() -> None:
        server = httpserver.HTTPServer(_application())
        server.listen(0, "127.0.0.1")
        (sock,) = server._sockets.values()
        assert sock.getsockname()[0] == "127.0.0.1"
        server.stop()
        await server.close_all_connections()

    asyncio.run(main())


def test_a_handler_of_all_methods_takes_the_missing_one() -> None:
    # jupyter_server looks whether a method is the one that answers 405.
    assert web.RequestHandler.post is web.RequestHandler._unimplemented_method
