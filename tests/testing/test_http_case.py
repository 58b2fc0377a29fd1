"""Test cases with a server and a client."""

from __future__ import annotations

import gc
import ssl
import unittest
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import LogWatch

import whirlwind.testing
from whirlwind.httpclient import HTTPClientError
from whirlwind.testing import AsyncHTTPSTestCase, AsyncHTTPTestCase, gen_test
from whirlwind.web import Application, RequestHandler


class Echo(RequestHandler):
    def get(self) -> None:
        self.write({"protocol": self.request.protocol, "query": self.request.query})


class Served(AsyncHTTPTestCase):
    def get_app(self) -> Any:
        return Application([("/echo", Echo)])


class ServedWithTLS(AsyncHTTPSTestCase):
    def get_app(self) -> Any:
        return Application([("/echo", Echo)])


def run(base: type[AsyncHTTPTestCase], test: Callable[..., Any]) -> unittest.TestResult:
    result = unittest.TestResult()
    type("Case", (base,), {"test": test})("test").run(result)
    assert result.testsRun == 1
    return result


def passes(base: type[AsyncHTTPTestCase], test: Callable[..., Any]) -> None:
    result = run(base, test)
    assert result.wasSuccessful(), (result.errors + result.failures)[0][1]


@pytest.mark.parametrize(("base", "scheme"), [(Served, "http"), (ServedWithTLS, "https")])
def test_a_request_is_answered(base: type[AsyncHTTPTestCase], scheme: str) -> None:
    def test(self: AsyncHTTPTestCase) -> None:
        assert self.get_url("/x") == f"{scheme}://127.0.0.1:{self.get_http_port()}/x"
        response = self.fetch("/echo?a=1")
        assert response.code == 200
        assert response.body == b'{"protocol": "%s", "query": "a=1"}' % scheme.encode()
        assert self.fetch(self.get_url("/echo")).code == 200

    passes(base, test)


def test_a_coroutine_uses_the_client_itself() -> None:
    @gen_test
    async def test(self: AsyncHTTPTestCase) -> None:
        response = await self.http_client.fetch(self.get_url("/echo"))
        assert response.code == 200

    passes(Served, test)


def test_an_error_status_is_raised_only_if_asked_for(logs: LogWatch) -> None:
    def test(self: AsyncHTTPTestCase) -> None:
        assert self.fetch("/nothing").code == 404
        with pytest.raises(HTTPClientError, match="404"):
            self.fetch("/nothing", raise_error=True)

    with logs.expect("whirlwind.access", "404 GET /nothing", count=2):
        passes(Served, test)


def test_application_and_server_are_let_go_after_each_test() -> None:
    app: Any = None

    class Case(AsyncHTTPTestCase):
        def get_app(self) -> Any:
            nonlocal app
            made = Application([("/echo", Echo)])
            app = weakref.ref(made)
            return made

        def test(self) -> None:
            assert self.fetch("/echo").code == 200

    case = Case("test")
    result = unittest.TestResult()
    case.run(result)
    assert result.wasSuccessful()
    gc.collect()
    assert not hasattr(case, "http_server")
    assert app() is None


def test_a_class_without_an_application_fails_and_leaves_no_socket_open() -> None:
    result = run(AsyncHTTPTestCase, lambda self: None)
    [(_, text)] = result.errors
    assert "NotImplementedError" in text
    gc.collect()  # an open socket would be a warning, and warnings are errors


def test_the_certificate_is_for_tests_and_says_so() -> None:
    options = AsyncHTTPSTestCase.default_ssl_options()
    for name in options.values():
        assert Path(name).parent == Path(whirlwind.testing.__file__).parent
        assert "for tests only" in Path(name).read_text(encoding="ascii").splitlines()[0]
    context = ssl.create_default_context(cafile=options["certfile"])
    [certificate] = context.get_ca_certs()
    assert certificate["subjectAltName"] == (("DNS", "foo.example.com"),)
    assert "for tests only" in str(certificate["subject"])
