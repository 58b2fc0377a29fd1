"""Test cases with a server and a client.

Layer: public package ``testing``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

from whirlwind._http.client.async_client import AsyncHTTPClient
from whirlwind._http.client.response import HTTPResponse
from whirlwind._http.client.simple import SimpleAsyncHTTPClient
from whirlwind._http.server.httpserver import HTTPServer
from whirlwind.testing.async_case import AsyncTestCase
from whirlwind.testing.ports import bind_unused_port
from whirlwind.testing.timeouts import get_async_test_timeout

# For tests only: everybody has the key, so the certificate proves nothing. See ``test.crt``.
_CERTIFICATE: Final = Path(__file__).with_name("test.crt")
_KEY: Final = Path(__file__).with_name("test.key")


def _client_options() -> dict[str, Any]:
    """Return what the client of a test case is made with.

    A suite that was written for Tornado, and knows this module as Tornado's, may look at what its
    server was sent, or count connections: it gets one for each request, which says so.
    """
    known_as = sys.modules.get("tornado.testing")
    ours = getattr(known_as, "AsyncHTTPTestCase", None) is AsyncHTTPTestCase
    if ours and AsyncHTTPClient.configured_class() is SimpleAsyncHTTPClient:
        return {"max_idle_connections": 0}
    return {}


class AsyncHTTPTestCase(AsyncTestCase):
    """A test case that serves an application on a port of its own, with a client to ask it.

    ::

        class PriceListTest(AsyncHTTPTestCase):
            def get_app(self):
                return shop.application(prices={"tea": 3})

            def test_unknown_goods_are_not_found(self):
                self.assertEqual(self.fetch("/price/gold").code, 404)

    Attributes:
        http_server: The server; started by ``setUp``, stopped by ``tearDown``.
        http_client: The client.
    """

    http_server: HTTPServer
    http_client: AsyncHTTPClient

    def setUp(self) -> None:
        super().setUp()
        listening, self.__port = bind_unused_port()
        # From here on a failure, most likely in the program's get_app, must not leave it open.
        self.addCleanup(listening.close)
        self.http_client = self.get_http_client()
        self._app = self.get_app()
        self.http_server = self.get_http_server()
        self.http_server.add_sockets([listening])

    def tearDown(self) -> None:
        self.http_server.stop()
        # First, since a TLS connection that its client does not look at (libcurl's, between two
        # requests) is closed by a server only after it has waited for an answer.
        self.http_client.close()
        self.io_loop.run_sync(
            self.http_server.close_all_connections, timeout=get_async_test_timeout()
        )
        # unittest keeps each case until the last has run; what is large goes now.
        del self.http_server
        del self._app
        super().tearDown()

    def get_app(self) -> Any:
        """Return what is to be served; each subclass says so.

        Returns:
            A ``web.Application``, or whatever else ``HTTPServer`` takes.
        """
        raise NotImplementedError

    def get_http_client(self) -> AsyncHTTPClient:
        """Return the client; override it for one with other arguments."""
        client: AsyncHTTPClient = AsyncHTTPClient(**_client_options())
        return client

    def get_http_server(self) -> HTTPServer:
        """Return the server for the application; override it for another class."""
        server: HTTPServer = HTTPServer(self._app, **self.get_httpserver_options())
        return server

    def get_httpserver_options(self) -> dict[str, Any]:
        """Return keyword arguments for the server; override it to have any."""
        return {}

    def get_http_port(self) -> int:
        """Return the server's port."""
        return self.__port

    def get_protocol(self) -> str:
        """Return the scheme of the server's addresses."""
        return "http"

    def get_url(self, path: str) -> str:
        """Return an address on the server.

        Args:
            path: Path and query string, ``/`` first.
        """
        return f"{self.get_protocol()}://127.0.0.1:{self.get_http_port()}{path}"

    def fetch(self, path: str, raise_error: bool = False, **kwargs: Any) -> HTTPResponse:
        """Fetch from the server and return when the response is there.

        For tests that are no coroutines; in one, use ``self.http_client.fetch``.

        Args:
            path: Path and query string on the server, or a whole address.
            raise_error: Whether a status such as 404 is raised; by default it is returned.
            kwargs: For ``AsyncHTTPClient.fetch``.

        Returns:
            The response.

        Raises:
            TimeoutError: ``get_async_test_timeout()`` passed.
        """
        whole = path.lower().startswith(("http://", "https://"))
        url = path if whole else self.get_url(path)
        response: HTTPResponse = self.io_loop.run_sync(
            lambda: self.http_client.fetch(url, raise_error=raise_error, **kwargs),
            timeout=get_async_test_timeout(),
        )
        return response


class AsyncHTTPSTestCase(AsyncHTTPTestCase):
    """An ``AsyncHTTPTestCase`` over TLS, with a certificate for tests that nobody verifies."""

    def get_http_client(self) -> AsyncHTTPClient:
        client: AsyncHTTPClient = AsyncHTTPClient(
            force_instance=True, defaults={"validate_cert": False}, **_client_options()
        )
        return client

    def get_httpserver_options(self) -> dict[str, Any]:
        return {"ssl_options": self.get_ssl_options()}

    def get_ssl_options(self) -> dict[str, Any]:
        """Return the server's ``ssl_options``; override it for another certificate."""
        return self.default_ssl_options()

    @staticmethod
    def default_ssl_options() -> dict[str, Any]:
        """Return ``ssl_options`` with the certificate for tests."""
        return {"certfile": str(_CERTIFICATE), "keyfile": str(_KEY)}

    def get_protocol(self) -> str:
        return "https"
