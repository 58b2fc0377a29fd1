"""The pieces of HTTP that servers and clients share: headers, forms, cookies, URLs, dates.

Door: names only. What needs no I/O is in ``_proto/http/``; requests and the interfaces between
a server and its applications are in ``_http/messages.py``.
"""

from ssl import SSLError
from urllib.parse import urlencode

from whirlwind._base.publish import publish
from whirlwind._http.messages import (
    HTTPConnection,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
)
from whirlwind._proto.http.cookies import parse_cookie
from whirlwind._proto.http.dates import format_timestamp
from whirlwind._proto.http.errors import HTTPInputError, HTTPOutputError
from whirlwind._proto.http.forms import (
    _DEFAULT_PARSE_BODY_CONFIG,
    HTTPFile,
    ParseBodyConfig,
    ParseMultipartConfig,
    ParseUrlEncodedConfig,
    parse_body_arguments,
    parse_multipart_form_data,
    set_parse_body_config,
)
from whirlwind._proto.http.grammar import _ABNF
from whirlwind._proto.http.headers import HTTP_WHITESPACE, HTTPHeaders, _normalize_header
from whirlwind._proto.http.parameters import _encode_header, _parse_header
from whirlwind._proto.http.start_line import (
    RequestStartLine,
    ResponseStartLine,
    parse_request_start_line,
    parse_response_start_line,
)
from whirlwind._proto.http.status import responses
from whirlwind._proto.http.urls import (
    encode_username_password,
    qs_to_qsl,
    split_host_and_port,
    url_concat,
)

__all__ = [
    "HTTP_WHITESPACE",
    "HTTPConnection",
    "HTTPFile",
    "HTTPHeaders",
    "HTTPInputError",
    "HTTPMessageDelegate",
    "HTTPOutputError",
    "HTTPServerConnectionDelegate",
    "HTTPServerRequest",
    "ParseBodyConfig",
    "ParseMultipartConfig",
    "ParseUrlEncodedConfig",
    "RequestStartLine",
    "ResponseStartLine",
    "SSLError",
    "_ABNF",
    "_DEFAULT_PARSE_BODY_CONFIG",
    "_encode_header",
    "_normalize_header",
    "_parse_header",
    "encode_username_password",
    "format_timestamp",
    "parse_body_arguments",
    "parse_cookie",
    "parse_multipart_form_data",
    "parse_request_start_line",
    "parse_response_start_line",
    "qs_to_qsl",
    "responses",
    "set_parse_body_config",
    "split_host_and_port",
    "url_concat",
    "urlencode",
]

publish(__name__, globals())
