"""What a program asks the HTTP client for.

Layer: HTTP. Imports from ``_base`` and ``_proto``.
"""

from __future__ import annotations

import datetime
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from whirlwind._base.escape import utf8
from whirlwind._base.limits import CONNECT_TIMEOUT, MAX_REDIRECTS, REQUEST_TIMEOUT
from whirlwind._proto.http.dates import format_timestamp
from whirlwind._proto.http.headers import HTTPHeaders


class HTTPRequest:
    """One request of an HTTP client, with all that can be said about it.

    An argument left at None takes the client's default for it (``defaults`` of the client),
    which is given here in brackets.

    Args:
        url: The URL; ``http`` or ``https``.
        method: The method, in capitals.
        headers: Header fields, in addition to those that the client sends by itself.
        body: The body; strings are sent as UTF-8. Goes with POST, PUT and PATCH, and only with
            them unless ``allow_nonstandard_methods``.
        auth_username: Name for authentication.
        auth_password: Password for authentication.
        auth_mode: ``"basic"``, which is the default, or ``"digest"``.
        connect_timeout: Longest wait in seconds until a connection is there [20]; 0 for ever.
        request_timeout: Longest time in seconds for the whole request, redirects included [20];
            0 for ever.
        if_modified_since: Point in time for an ``If-Modified-Since`` field.
        follow_redirects: Whether to follow redirects [True].
        max_redirects: How many to follow [5].
        user_agent: The ``User-Agent`` field.
        use_gzip: The old name of ``decompress_response``.
        network_interface: Local IP address to connect from.
        streaming_callback: Called with each piece of the body as it comes; the response has no
            body then. If it returns an awaitable, nothing is read until that is done.
        header_callback: Called with each line of the response's header, line endings included:
            the status line first, an empty line last. Before it come the headers of responses
            with a status of 1xx, which are not the last word.
        prepare_curl_callback: For the client on libcurl only.
        proxy_host: Name or address of a proxy; empty for none although the client's defaults
            name one. Before it stands of which kind it is, unless it is one of HTTP:
            ``socks5h://`` and ``socks4a://`` for SOCKS, where the proxy resolves names,
            ``socks5://`` and ``socks4://`` where this machine does.
        proxy_port: Its port.
        proxy_username: Name for the proxy.
        proxy_password: Password for the proxy.
        proxy_auth_mode: ``"basic"``, which is the default, or ``"digest"``.
        allow_nonstandard_methods: Whether to allow any method, and any method's body [False].
        validate_cert: Whether to check the server's certificate [True].
        ca_certs: File with certificates to trust instead of the system's.
        allow_ipv6: Whether to use IPv6 [True].
        client_key: File with the key of ``client_cert``.
        client_cert: File with a certificate to show to the server.
        body_producer: Called with a function ``write`` when the body is to be sent; may be a
            coroutine. ``write(piece)`` returns a future that tells when to go on. Without a
            ``Content-Length`` the body goes out in chunks.
        expect_100_continue: Whether to hold the body back until the server asks for it.
        decompress_response: Whether to ask for compression and undo it [True].
        ssl_options: An ``ssl.SSLContext``, which replaces all other options of TLS, or a dict
            of arguments as ``ssl_options_to_context`` takes them.

    Attributes:
        start_time: Seconds since 1970 when the request was made.
    """

    _DEFAULTS: ClassVar[dict[str, Any]] = {
        "connect_timeout": float(CONNECT_TIMEOUT),
        "request_timeout": float(REQUEST_TIMEOUT),
        "follow_redirects": True,
        "max_redirects": MAX_REDIRECTS,
        "decompress_response": True,
        "proxy_password": "",
        "allow_nonstandard_methods": False,
        "validate_cert": True,
    }

    # What a request does not say is not stored: requests say little, and the client merges what
    # they do say with its defaults for each fetch.
    auth_username: str | None = None
    auth_password: str | None = None
    auth_mode: str | None = None
    connect_timeout: float | None = None
    request_timeout: float | None = None
    follow_redirects: bool | None = None
    max_redirects: int | None = None
    user_agent: str | None = None
    network_interface: str | None = None
    streaming_callback: Callable[[bytes], Awaitable[None] | None] | None = None
    header_callback: Callable[[str], None] | None = None
    prepare_curl_callback: Callable[[Any], None] | None = None
    proxy_host: str | None = None
    proxy_port: int | None = None
    proxy_username: str | None = None
    proxy_password: str | None = None
    proxy_auth_mode: str | None = None
    allow_nonstandard_methods: bool | None = None
    validate_cert: bool | None = None
    ca_certs: str | None = None
    allow_ipv6: bool | None = None
    client_key: str | None = None
    client_cert: str | None = None
    body_producer: Callable[[Callable[[bytes], Any]], Awaitable[None] | None] | None = None
    decompress_response: bool | None = None
    ssl_options: dict[str, Any] | ssl.SSLContext | None = None
    expect_100_continue: bool = False
    # Fields that were added for the last fetch, once a program has looked at them.
    _added: dict[str, str] | None = None

    def __init__(
        self,
        url: str,
        method: str = "GET",
        headers: Mapping[str, str] | HTTPHeaders | None = None,
        body: bytes | str | None = None,
        auth_username: str | None = None,
        auth_password: str | None = None,
        auth_mode: str | None = None,
        connect_timeout: float | None = None,
        request_timeout: float | None = None,
        if_modified_since: float | datetime.datetime | None = None,
        follow_redirects: bool | None = None,
        max_redirects: int | None = None,
        user_agent: str | None = None,
        use_gzip: bool | None = None,
        network_interface: str | None = None,
        streaming_callback: Callable[[bytes], Awaitable[None] | None] | None = None,
        header_callback: Callable[[str], None] | None = None,
        prepare_curl_callback: Callable[[Any], None] | None = None,
        proxy_host: str | None = None,
        proxy_port: int | None = None,
        proxy_username: str | None = None,
        proxy_password: str | None = None,
        proxy_auth_mode: str | None = None,
        allow_nonstandard_methods: bool | None = None,
        validate_cert: bool | None = None,
        ca_certs: str | None = None,
        allow_ipv6: bool | None = None,
        client_key: str | None = None,
        client_cert: str | None = None,
        body_producer: Callable[[Callable[[bytes], Any]], Awaitable[None] | None] | None = None,
        expect_100_continue: bool = False,
        decompress_response: bool | None = None,
        ssl_options: dict[str, Any] | ssl.SSLContext | None = None,
    ) -> None:
        # What a program set is kept as it set it; the client makes a copy before it sends.
        self._headers: Any = headers
        self._sent: bytes | None = None
        self.url = url
        self.method = method
        self._body = None if body is None else utf8(body)
        if if_modified_since:
            self.headers["If-Modified-Since"] = format_timestamp(if_modified_since)
        if auth_username is not None:
            self.auth_username = auth_username
        if auth_password is not None:
            self.auth_password = auth_password
        if auth_mode is not None:
            self.auth_mode = auth_mode
        if connect_timeout is not None:
            self.connect_timeout = connect_timeout
        if request_timeout is not None:
            self.request_timeout = request_timeout
        if follow_redirects is not None:
            self.follow_redirects = follow_redirects
        if max_redirects is not None:
            self.max_redirects = max_redirects
        if user_agent is not None:
            self.user_agent = user_agent
        if network_interface is not None:
            self.network_interface = network_interface
        if streaming_callback is not None:
            self.streaming_callback = streaming_callback
        if header_callback is not None:
            self.header_callback = header_callback
        if prepare_curl_callback is not None:
            self.prepare_curl_callback = prepare_curl_callback
        if proxy_host is not None:
            self.proxy_host = proxy_host
        if proxy_port is not None:
            self.proxy_port = proxy_port
        if proxy_username is not None:
            self.proxy_username = proxy_username
        if proxy_password is not None:
            self.proxy_password = proxy_password
        if proxy_auth_mode is not None:
            self.proxy_auth_mode = proxy_auth_mode
        if allow_nonstandard_methods is not None:
            self.allow_nonstandard_methods = allow_nonstandard_methods
        if validate_cert is not None:
            self.validate_cert = validate_cert
        if ca_certs is not None:
            self.ca_certs = ca_certs
        if allow_ipv6 is not None:
            self.allow_ipv6 = allow_ipv6
        if client_key is not None:
            self.client_key = client_key
        if client_cert is not None:
            self.client_cert = client_cert
        if body_producer is not None:
            self.body_producer = body_producer
        if expect_100_continue:
            self.expect_100_continue = expect_100_continue
        if decompress_response is None:
            decompress_response = use_gzip
        if decompress_response is not None:
            self.decompress_response = decompress_response
        if ssl_options is not None:
            self.ssl_options = ssl_options
        self.start_time = time.time()

    @property
    def headers(self) -> HTTPHeaders:
        """The header fields. May be set to any mapping, or to None for none.

        After a fetch the fields that the client added are there as well: ``Host``,
        ``User-Agent`` and so on. The next fetch of the same request writes its own.
        """
        if self._sent is not None:
            self._show_sent(self._sent)
        elif self._headers is None:
            self._headers = HTTPHeaders()
        return self._headers  # type: ignore[no-any-return]

    @headers.setter
    def headers(self, value: Mapping[str, str] | HTTPHeaders | None) -> None:
        self._headers = value
        self._sent = None
        if self._added is not None:
            del self._added

    def _own_headers(self) -> HTTPHeaders:
        """Return a copy of what the program set, without what was added for the last fetch."""
        headers = HTTPHeaders(self._headers)
        if self._added is not None:
            for name, value in self._added.items():
                if headers.get(name) == value:
                    del headers[name]
        return headers

    def _begin_fetch(self) -> None:
        """Take what the program set for the next fetch: a copy, to which a client may add."""
        if self._headers is not None:
            self._headers = self._own_headers()
            if self._added is not None:
                del self._added
        self._sent = None

    def _show_sent(self, head: bytes) -> None:
        # Only when somebody looks: few do, and the bytes are there anyway.
        self._sent = None
        shown = self._own_headers()
        added = self._added = {}
        for name, value in HTTPHeaders.parse(head.partition(b"\r\n")[2].decode("latin-1")).items():
            # A proxy's password is not for everybody who logs requests.
            if shown.get(name) != value and name != "Proxy-Authorization":
                shown[name] = added[name] = value
        self._headers = shown

    @property
    def body(self) -> bytes | None:
        """The body as bytes. May be set to a string, which becomes UTF-8."""
        return self._body

    @body.setter
    def body(self, value: bytes | str | None) -> None:
        self._body = utf8(value)


class _RequestProxy:
    """A request as a client sees it: with the client's defaults where it says nothing.

    Args:
        request: The request.
        defaults: The client's defaults, or None.
    """

    def __init__(self, request: HTTPRequest, defaults: dict[str, Any] | None) -> None:
        self.request = request
        self.defaults = defaults

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.request, name)
        if value is None and self.defaults is not None:
            return self.defaults.get(name)
        return value
