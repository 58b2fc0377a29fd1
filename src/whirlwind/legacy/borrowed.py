"""Names that Tornado's modules have from one another, and programs take from the wrong one.

Public package. Imports from rooms.

``tornado.web.app_log`` is the logger of ``tornado.log``, there by accident. Whirlwind's modules
list what is theirs; under the alias the others are found as well, where Tornado's has them.
"""

from __future__ import annotations

from typing import Final

_NAMES: Final = {
    "concurrent": "chain_future dummy_executor future_add_done_callback future_set_exc_info"
    " future_set_exception_unless_cancelled future_set_result_unless_cancelled is_future"
    " run_on_executor",
    "escape": "_unicode native_str parse_qs_bytes to_unicode url_escape url_unescape utf8",
    "gen": "convert_yielded",
    "http1connection": "HTTP1Connection HTTP1ConnectionParameters HTTP1ServerConnection",
    "httpclient": "AsyncHTTPClient HTTPRequest HTTPResponse",
    "httpserver": "HTTPServer",
    "httputil": "url_concat",
    "ioloop": "IOLoop",
    "iostream": "IOStream PipeIOStream SSLIOStream StreamClosedError",
    "locks": "Event",
    "log": "access_log app_log define_logging_options gen_log",
    "netutil": "OverrideResolver Resolver add_accept_handler bind_sockets is_valid_ip"
    " ssl_wrap_socket",
    "process": "Subprocess",
    "queues": "Queue",
    "routing": "AnyMatches DefaultHostMatches HostMatches ReversibleRouter ReversibleRuleRouter"
    " Rule",
    "tcpclient": "TCPClient",
    "tcpserver": "TCPServer",
    "util": "Configurable GzipDecompressor ObjectDict errno_from_exception exec_in import_object"
    " raise_exc_info re_unescape",
    "web": "Application RequestHandler",
}

#: The module, without its package, that each name is from. Source: observed in Tornado 6.6.1.
OWNER: Final[dict[str, str]] = {
    name: module for module, names in _NAMES.items() for name in names.split()
}
