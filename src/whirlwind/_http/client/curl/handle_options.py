"""Turns a request into the options of a libcurl handle.

Layer: HTTP. Imports from ``_proto`` and this package.

This is where all that a program chose is checked before libcurl puts it on the wire: libcurl
writes what it is given, line breaks included.
"""

from __future__ import annotations

import io
import math
import re
from typing import Any, Final
from urllib.parse import quote, urlsplit

import pycurl

from whirlwind._base.errors import LocalProtocolError
from whirlwind._base.escape import to_unicode, utf8
from whirlwind._http.client.curl.errors import CurlError
from whirlwind._http.client.curl.identity import follow_option, needs_own_connection
from whirlwind._http.client.request import HTTPRequest
from whirlwind._http.client.request_head import check_method, is_chunked
from whirlwind._http.client.target import Target, parse_target, url_text
from whirlwind._proto.http.headers import HTTPHeaders, encode_fields
from whirlwind._proto.http.urls import encode_username_password

CR_OR_LF_RE: Final = re.compile(rb"\r|\n")
VERSION: Final[int] = pycurl.version_info()[2]

_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")
# libcurl counts milliseconds in a long, which has 32 bits on some systems. 24 days are for ever.
_LONGEST: Final = 2**31 - 1
# The answer to CONNECT is the proxy's. (pycurl has no name for this option.)
_SUPPRESS_CONNECT_HEADERS: Final = 265
_USER_AGENT: Final = "Mozilla/5.0 (compatible; pycurl)"
_AUTH_MODES: Final = {
    None: pycurl.HTTPAUTH_BASIC,
    "basic": pycurl.HTTPAUTH_BASIC,
    "digest": pycurl.HTTPAUTH_DIGEST,
}


def set_options(handle: Any, request: HTTPRequest) -> Target:
    """Set the options of a new handle; all of the request but its callbacks.

    Args:
        handle: A handle that was not used before.
        request: What to fetch, with the client's defaults filled in.

    Returns:
        Where it goes.

    Raises:
        ValueError: The request asks for what libcurl cannot do, or holds what may not be sent.
        KeyError: The method is not one of HTTP's own.
        CurlError: The URL is none, or of another scheme than ``http`` and ``https``.
    """
    if request.body_producer is not None:
        raise ValueError("body_producer not supported in curl_httpclient")
    if request.ssl_options is not None:
        raise ValueError("ssl_options not supported in curl_httpclient")
    target = _target(url_text(request.url))
    handle.setopt(pycurl.URL, _url(target))
    handle.setopt(pycurl.NOSIGNAL, 1)
    _set_method(handle, request)
    _set_headers(handle, request)
    _set_authentication(handle, request)
    _set_timeouts(handle, request)
    _set_redirects(handle, request)
    _set_connection(handle, request)
    _set_tls(handle, request)
    _set_proxy(handle, request)
    return target


def _target(url: str) -> Target:
    try:
        return parse_target(url)
    except ValueError as error:
        scheme = urlsplit(url).scheme if url.isprintable() else ""
        unsupported = scheme not in ("", "http", "https")
        errno = pycurl.E_UNSUPPORTED_PROTOCOL if unsupported else pycurl.E_URL_MALFORMAT
        raise CurlError(errno, str(error)) from error


def _url(target: Target) -> str:
    # Put together again, so that libcurl has nothing to read otherwise than we did.
    userinfo = urlsplit(target.url).netloc.rpartition("@")[0]
    if userinfo:
        userinfo = quote(userinfo, safe="%!$&'()*+,;=:") + "@"
    # It is not sent; libcurl has it in the URL that a response comes from, and so have we.
    _, mark, fragment = target.url.partition("#")
    fragment = mark + quote(fragment, safe="%!$&'()*+,;=:@/?~")
    return f"{target.scheme}://{userinfo}{target.authority}{target.path}{fragment}"


def _set_method(handle: Any, request: HTTPRequest) -> None:
    method, body = request.method, request.body
    check_method(
        method,
        has_body=body is not None,
        allow_nonstandard=bool(request.allow_nonstandard_methods),
    )
    if method == "HEAD":
        if body is not None:
            raise ValueError("a body in a HEAD request is not supported in curl_httpclient")
        handle.setopt(pycurl.NOBODY, 1)
        return
    if method == "POST":
        handle.setopt(pycurl.POST, 1)
        handle.setopt(pycurl.POSTFIELDS, body or b"")
        return
    if body is not None or method in ("PUT", "PATCH"):
        _set_upload(handle, body or b"")
    if method not in ("GET", "PUT") or (method == "GET" and body is not None):
        handle.setopt(pycurl.CUSTOMREQUEST, method)


def _set_upload(handle: Any, body: bytes) -> None:
    file = io.BytesIO(body)

    def seek(offset: int, origin: int) -> int:
        # Sent again after a challenge, a redirect, or where a kept connection was dead.
        file.seek(offset, origin)
        return int(pycurl.SEEKFUNC_OK)

    handle.setopt(pycurl.UPLOAD, 1)
    handle.setopt(pycurl.READFUNCTION, file.read)
    handle.setopt(pycurl.SEEKFUNCTION, seek)
    handle.setopt(pycurl.INFILESIZE_LARGE, len(body))


def _set_headers(handle: Any, request: HTTPRequest) -> None:
    fields = HTTPHeaders(request.headers)
    is_chunked(request.method, fields, body=request.body, has_producer=False)
    if len(fields.get_list("Host")) > 1:
        raise ValueError("more than one Host field")
    # libcurl knows the length, and would believe another one.
    for name in ("Content-Length", "Transfer-Encoding"):
        if name in fields:
            del fields[name]
    if request.user_agent:
        fields["User-Agent"] = to_unicode(request.user_agent)
    elif "User-Agent" not in fields:
        fields["User-Agent"] = _USER_AGENT
    if request.expect_100_continue:
        fields["Expect"] = "100-continue"
    lines = _lines(fields)
    if "Expect" not in fields:
        lines.append(b"Expect:")  # libcurl would send one of its own with a large body
    handle.setopt(pycurl.HTTPHEADER, lines)
    if request.decompress_response:
        handle.setopt(pycurl.ENCODING, "gzip,deflate")


def _lines(fields: HTTPHeaders) -> list[bytes]:
    for name, value in fields.get_all():
        line = utf8(name) + b": " + utf8(value)
        if CR_OR_LF_RE.search(line):
            raise ValueError(f"Illegal characters in header (CR or LF): {line[:60]!r}")
    try:
        encoded = encode_fields(fields)
    except LocalProtocolError as error:
        raise ValueError(f"Illegal characters in header: {error}") from error
    # A field without a value would tell libcurl to leave its own field of that name out; with a
    # semicolon it is sent as it is.
    return [
        line[:-2] + b";" if line.endswith(b": ") else line for line in encoded.split(b"\r\n")[:-1]
    ]


def _set_authentication(handle: Any, request: HTTPRequest) -> None:
    if request.auth_username is None:
        return
    if request.auth_mode not in _AUTH_MODES:
        raise ValueError(f"Unsupported auth_mode {request.auth_mode}")
    handle.setopt(pycurl.HTTPAUTH, _AUTH_MODES[request.auth_mode])
    # One by one: in the option that takes both, a colon in the name would begin the password.
    handle.setopt(pycurl.USERNAME, _credential(request.auth_username, "auth_username"))
    handle.setopt(pycurl.PASSWORD, _credential(request.auth_password or "", "auth_password"))


def _credential(text: str | bytes, option: str) -> bytes:
    # In Unicode's composed form, as for the other client.
    data = encode_username_password(text, "")[:-1]
    if _CONTROL.search(data):
        raise ValueError(f"{option} holds a control character")
    return data


def _set_timeouts(handle: Any, request: HTTPRequest) -> None:
    handle.setopt(pycurl.CONNECTTIMEOUT_MS, _milliseconds(request.connect_timeout) or _LONGEST)
    handle.setopt(pycurl.TIMEOUT_MS, _milliseconds(request.request_timeout))


def _milliseconds(seconds: float | None) -> int:
    # 0 is for ever, so what is less than one must not become it.
    return min(math.ceil(seconds * 1000), _LONGEST) if seconds else 0


def _set_redirects(handle: Any, request: HTTPRequest) -> None:
    handle.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    handle.setopt(pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    if request.follow_redirects:
        handle.setopt(pycurl.FOLLOWLOCATION, follow_option(VERSION))
        handle.setopt(pycurl.MAXREDIRS, request.max_redirects or 0)


def _set_connection(handle: Any, request: HTTPRequest) -> None:
    if request.network_interface:
        handle.setopt(pycurl.INTERFACE, _credential(request.network_interface, "network_interface"))
    if request.allow_ipv6 is False:
        handle.setopt(pycurl.IPRESOLVE, pycurl.IPRESOLVE_V4)
    if needs_own_connection(
        VERSION,
        client_cert=request.client_cert is not None,
        proxy_credentials=request.proxy_username is not None,
    ):
        handle.setopt(pycurl.FRESH_CONNECT, 1)
        handle.setopt(pycurl.FORBID_REUSE, 1)


def _set_tls(handle: Any, request: HTTPRequest) -> None:
    checked = request.validate_cert is None or bool(request.validate_cert)
    handle.setopt(pycurl.SSL_VERIFYPEER, int(checked))
    handle.setopt(pycurl.SSL_VERIFYHOST, 2 if checked else 0)
    if request.ca_certs is not None:
        handle.setopt(pycurl.CAINFO, request.ca_certs)
    if request.client_cert is not None:
        handle.setopt(pycurl.SSLCERT, request.client_cert)
    if request.client_key is not None:
        handle.setopt(pycurl.SSLKEY, request.client_key)


def _set_proxy(handle: Any, request: HTTPRequest) -> None:
    handle.setopt(_SUPPRESS_CONNECT_HEADERS, 1)
    if request.proxy_host is None:
        # What the environment says counts then (http_proxy and its like), as for curl itself.
        return
    if not request.proxy_host:
        handle.setopt(pycurl.PROXY, "")  # none, whatever the environment says
        return
    if request.proxy_port is None:
        raise ValueError("proxy_host without proxy_port: set both, or none")
    handle.setopt(pycurl.PROXY, _credential(request.proxy_host, "proxy_host"))
    handle.setopt(pycurl.PROXYPORT, request.proxy_port)
    if request.proxy_auth_mode not in _AUTH_MODES:
        raise ValueError(f"Unsupported proxy_auth_mode {request.proxy_auth_mode}")
    if request.proxy_username is not None:
        handle.setopt(pycurl.PROXYAUTH, _AUTH_MODES[request.proxy_auth_mode])
        name = _credential(request.proxy_username, "proxy_username")
        password = _credential(request.proxy_password or "", "proxy_password")
        handle.setopt(pycurl.PROXYUSERNAME, name)
        handle.setopt(pycurl.PROXYPASSWORD, password)
