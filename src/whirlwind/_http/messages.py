"""A request as a program sees it, and the interfaces between connections and programs.

Layer: HTTP. Imports from ``_base``, ``_engine``, ``_net`` and ``_proto``.

Theory of operation
-------------------
A request remembers what came over the wire and works the rest out when it is asked: header
fields, arguments, cookies, files and the peer's address cost nothing in a request that uses none
of them. Each of them is an ordinary attribute afterwards, and can be assigned before.
"""

from __future__ import annotations

import copy
import ssl
import time
from collections.abc import Awaitable
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

from whirlwind._base.escape import parse_qs_bytes, utf8
from whirlwind._base.lazy import lazy
from whirlwind._base.limits import MAX_ARGUMENTS
from whirlwind._http.write_callbacks import call_when_written
from whirlwind._proto.http.cookies import parse_cookie
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.forms import HTTPFile, parse_body_arguments
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import RequestStartLine, ResponseStartLine
from whirlwind._proto.http.urls import split_host_and_port
from whirlwind._proto.http1.request_head import HeaderBlock
from whirlwind._proto.http1.request_target import split_target

if TYPE_CHECKING:
    import asyncio


class HTTPServerRequest:
    """One HTTP request, as a server received it.

    A server makes these; a program may, for tests or to call a handler by hand.

    Args:
        method: The method, for example ``"GET"``.
        uri: The request target as it was sent.
        version: ``"HTTP/1.0"`` or ``"HTTP/1.1"``.
        headers: The header fields; None for none.
        body: The whole body; None for an empty one.
        host: What stands for the Host field; None to take the field.
        files: Uploaded files by form field; None to take them from the body.
        connection: The connection that the answer is written to.
        start_line: Takes the place of ``method``, ``uri`` and ``version``.
        server_connection: What stays when the request is over: the socket's connection.

    Attributes:
        method, uri, version: From the request line.
        path, query: ``uri`` before and after its first ``?``; without scheme and authority
            where a client sent a whole URL.
        headers: An ``HTTPHeaders``.
        body: The body as bytes; empty while a ``stream_request_body`` handler receives it.
        host, host_name: The Host field, and its name in lower case without a port.
        remote_ip: The client's address; that of a trusted proxy's client with ``xheaders``.
        protocol: ``"http"`` or ``"https"``.
        arguments: Argument name to list of values as bytes, of query and body together;
            ``query_arguments`` and ``body_arguments`` keep them apart.
        files: Form field to list of ``HTTPFile``.
        connection: Where the answer goes (an ``HTTPConnection``).
        server_connection: The connection under it, the same for all its requests.
    """

    # What the server leaves out for speed has its value here.
    body: bytes = b""
    connection: Any = None
    _block: HeaderBlock | None = None  # what the header is read from; None once it was
    _finish_time: float | None = None

    def __init__(
        self,
        method: str | None = None,
        uri: str | None = None,
        version: str = "HTTP/1.0",
        headers: HTTPHeaders | None = None,
        body: bytes | None = None,
        host: str | None = None,
        files: dict[str, list[HTTPFile]] | None = None,
        connection: Any = None,
        start_line: RequestStartLine | None = None,
        server_connection: object | None = None,
    ) -> None:
        if start_line is not None:
            method, uri, version = start_line
        self.method = method
        self.uri = uri
        self.version = version
        self.headers = HTTPHeaders() if headers is None else headers
        self.body = body or b""
        self.connection = connection
        self.server_connection = server_connection
        if host:
            self.host = host
        elif version != "HTTP/1.0" and connection is not None and "Host" not in self.headers:
            raise HTTPInputError("Missing Host header")
        if files is not None:
            self.files = files
        if self.query.count("&") >= MAX_ARGUMENTS:
            self.query_arguments  # noqa: B018  too many are refused here, not in the handler
        self._start_time = time.time()

    # --- from the request line ---

    def _split(self) -> None:
        _, rest = split_target(self.uri or "")
        path, _, query = rest.partition("?")
        self.__dict__.setdefault("path", path)
        self.__dict__.setdefault("query", query)

    @lazy
    def path(self) -> str:
        self._split()
        return str(self.__dict__["path"])

    @lazy
    def query(self) -> str:
        self._split()
        return str(self.__dict__["query"])

    # --- from the header ---

    @lazy
    def headers(self) -> HTTPHeaders:
        block = self._block
        # From here on the program may change them, and what they say counts.
        self._block = None
        return HTTPHeaders() if block is None else block.headers.copy()

    @lazy
    def host(self) -> str:
        # A whole URL in the request line stands before the field (RFC 9112, section 3.2.2).
        authority, _ = split_target(self.uri or "")
        return authority or self.headers.get("Host") or "127.0.0.1"

    @lazy
    def host_name(self) -> str:
        return split_host_and_port(self.host.lower())[0]

    @lazy
    def _cookies(self) -> SimpleCookie:
        cookies = SimpleCookie()
        if "Cookie" in self.headers:
            for name, value in parse_cookie(self.headers["Cookie"]).items():
                try:
                    cookies[name] = value
                except Exception:  # noqa: S112
                    # Names that http.cookies refuses: other cookies must not be lost for one.
                    continue
        return cookies

    @property
    def cookies(self) -> SimpleCookie:
        """The cookies of the request, as ``http.cookies.Morsel`` objects by name."""
        return self._cookies

    # --- arguments ---

    @lazy
    def query_arguments(self) -> dict[str, list[bytes]]:
        try:
            return parse_qs_bytes(self.query, keep_blank_values=True, max_num_fields=MAX_ARGUMENTS)
        except ValueError as error:
            raise HTTPInputError(
                "Max number of fields exceeded: more than "
                f"{MAX_ARGUMENTS} arguments in a query (MAX_ARGUMENTS)"
            ) from error

    @lazy
    def body_arguments(self) -> dict[str, list[bytes]]:
        self._parse_body()
        return self.__dict__["body_arguments"]  # type: ignore[no-any-return]

    @lazy
    def files(self) -> dict[str, list[HTTPFile]]:
        self._parse_body()
        return self.__dict__["files"]  # type: ignore[no-any-return]

    @lazy
    def arguments(self) -> dict[str, list[bytes]]:
        arguments = copy.deepcopy(self.query_arguments)
        for name, values in self.body_arguments.items():
            arguments.setdefault(name, []).extend(values)
        return arguments

    def _parse_body(self) -> None:
        # Monitoring agents call this when they want the arguments to be there.
        arguments: dict[str, list[bytes]] = {}
        files: dict[str, list[HTTPFile]] = {}
        # Set first: a body that cannot be read raises once, and is empty afterwards.
        self.__dict__["body_arguments"] = arguments
        self.__dict__.setdefault("files", files)
        if self.body:
            parse_body_arguments(
                self.headers.get("Content-Type", ""), self.body, arguments, files, self.headers
            )

    # --- from the connection ---

    @lazy
    def server_connection(self) -> object | None:
        return getattr(self.connection, "server_connection", None)

    @lazy
    def remote_ip(self) -> str | None:
        return getattr(getattr(self.connection, "context", None), "remote_ip", None)

    @lazy
    def protocol(self) -> str:
        return str(getattr(getattr(self.connection, "context", None), "protocol", "http"))

    @lazy
    def _start_time(self) -> float:
        return time.time()

    # --- methods ---

    def full_url(self) -> str:
        """Return the URL of this request, put together from scheme, Host and target."""
        if split_target(self.uri or "")[0] is not None:
            return str(self.uri)
        return f"{self.protocol}://{self.host}{self.uri}"

    def request_time(self) -> float:
        """Return how many seconds the request took, or has taken so far."""
        end = self._finish_time
        return (time.time() if end is None else end) - self._start_time

    def get_ssl_certificate(self, binary_form: bool = False) -> dict[str, Any] | bytes | None:
        """Return the client's certificate, where TLS asked for one and got it.

        Args:
            binary_form: True for the certificate in DER; False for a dictionary as from
                ``ssl.SSLSocket.getpeercert``, empty unless the certificate was verified.

        Returns:
            The certificate; None without TLS or without a certificate.
        """
        get_extra_info = getattr(self.connection, "get_extra_info", None)
        tls = None if get_extra_info is None else get_extra_info("ssl_object")
        if tls is None:
            return None
        try:
            certificate: dict[str, Any] | bytes | None = tls.getpeercert(binary_form=binary_form)
        except (ssl.SSLError, ValueError):
            return None
        return certificate

    def supports_http_1_1(self) -> bool:
        """True if the request is of HTTP/1.1."""
        return self.version == "HTTP/1.1"

    def write(self, chunk: str | bytes, callback: Any = None) -> None:
        """Write raw bytes to the connection, response head included, as Tornado 4 had it.

        Args:
            chunk: Bytes, or a text that is sent as UTF-8.
            callback: Called without arguments when the peer has room for more, not if the
                connection closes; None for none.
        """
        connection = self.connection
        # A connection of a program's own has the methods of an HTTPConnection only.
        write = getattr(connection, "write_raw", connection.write)
        future = write(utf8(chunk))
        if callback is not None:
            call_when_written(future, callback)

    def finish(self) -> None:
        """End a response that ``write`` began, as Tornado 4 had it."""
        self.connection.finish()
        self._finish_time = time.time()

    def __repr__(self) -> str:
        names = ("protocol", "host", "method", "uri", "version", "remote_ip")
        args = ", ".join([f"{name}={getattr(self, name)!r}" for name in names])
        return f"{type(self).__name__}({args})"


class HTTPServerConnectionDelegate:
    """What a program gives a server to be told of requests: an application, a router.

    Derive from it to receive requests piece by piece; ``web.Application`` is one.
    """

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        """A new request has begun.

        Args:
            server_conn: The connection, the same object for all its requests.
            request_conn: Where this request's answer goes.

        Returns:
            What receives the request.
        """
        raise NotImplementedError

    def on_close(self, server_conn: object) -> None:
        """A connection has closed.

        Args:
            server_conn: What ``start_request`` was given.
        """


class HTTPMessageDelegate:
    """What receives one message: a request in a server, a response in a client."""

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        """The head is there.

        Args:
            start_line: A ``RequestStartLine`` or a ``ResponseStartLine``.
            headers: The header fields.

        Returns:
            None, or something to wait for before the body is read.
        """

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """A piece of the body is there.

        Args:
            chunk: 1 to ``chunk_size`` bytes.

        Returns:
            None, or something to wait for before the next piece; the peer is held back.
        """

    def finish(self) -> None:
        """The message is complete."""

    def on_connection_close(self) -> None:
        """The connection closed before the message was complete; ``finish`` will not come."""


class HTTPConnection:
    """What an application writes one message to."""

    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
    ) -> asyncio.Future[None]:
        """Write the head.

        Args:
            start_line: The first line.
            headers: The header fields; framing fields are added where they are missing.
            chunk: The first piece of the body, sent along with the head.

        Returns:
            A future that is done when the peer has room for more.
        """
        raise NotImplementedError

    def write(self, chunk: bytes) -> asyncio.Future[None]:
        """Write a piece of the body; the future is done when the peer has room for more."""
        raise NotImplementedError

    def finish(self) -> None:
        """The message is complete."""
        raise NotImplementedError


class DirectDelegate(HTTPServerConnectionDelegate):
    """A delegate that takes whole requests, for which no message delegate need be made.

    The server asks ``takes_requests`` for each connection; where it is true, requests come by
    ``receive_request`` and ``receive_head``, and ``start_request`` is not called.
    """

    def takes_requests(self) -> bool:
        """True if nothing that a program replaced wants to see the request pass."""
        return True

    def receive_request(self, request: HTTPServerRequest) -> None:
        """A request without a body is there; answer it now or later."""
        raise NotImplementedError

    def receive_head(self, request: HTTPServerRequest) -> HTTPMessageDelegate:
        """The head of a request is there and a body follows.

        Returns:
            What receives the body; ``headers_received`` is called on it as well.
        """
        raise NotImplementedError
