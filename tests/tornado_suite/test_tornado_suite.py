"""Every test of Tornado's own suite, against whirlwind under the name ``tornado``.

Whatever does not pass is in a table here, with the reason; so is what is skipped, and how many
tests of each module pass. A test that comes to pass has to leave its table.
"""

from __future__ import annotations

import concurrent.futures
import os
import socket
import sys
from collections.abc import Callable, Iterator

import pytest
from tests.tornado_suite.suite import NotAvailableError, run_module, suite_folder

pytestmark = pytest.mark.slow

# How many tests of each module pass.
PASSED = {
    "api_test": 0,
    "asyncio_test": 15,
    "auth_test": 19,
    "autoreload_test": 4,
    "circlerefs_test": 9,
    "concurrent_test": 13,
    "curl_httpclient_test": 67,
    "escape_test": 15,
    "gen_test": 82,
    "http1connection_test": 7,
    "httpclient_test": 64,
    "httpserver_test": 78,
    "httputil_test": 66,
    "import_test": 3,
    "ioloop_test": 54,
    "iostream_test": 178,
    "locale_test": 8,
    "locks_test": 40,
    "log_test": 15,
    "netutil_test": 11,
    "options_test": 24,
    "process_test": 9,
    "property_test": 28,
    "queues_test": 42,
    "routing_test": 6,
    "security_corpus_test": 3,
    "simple_httpclient_test": 138,
    "tcpclient_test": 45,
    "tcpserver_test": 8,
    "template_test": 42,
    "testing_test": 21,
    "twisted_test": 2,
    "util_test": 31,
    "web_test": 272,
    "websocket_test": 70,
    "wsgi_test": 6,
}

NOT_PASSED = {
    "api_test": {
        "APISnapshotTest.test_api_snapshot": (
            "Compares a description of all modules letter by letter, in both directions: it fails "
            "for every name, method and argument that is here besides (those of Tornado 4 and 5, "
            "statistics(), event streams ...), and for base classes, such as the common one of all "
            "errors. That nothing of it is missing, test_interface.py holds."
        ),
    },
}


def _has_ipv6_localhost() -> bool:
    try:
        return bool(socket.getaddrinfo("localhost", 80, socket.AF_INET6))
    except OSError:
        return False


def _always() -> bool:
    return True


def _no_ipv6() -> bool:
    return not _has_ipv6_localhost()


def _has_own_check_of_results() -> bool:
    return sys.version_info >= (3, 12)


def _is_root() -> bool:
    return os.getuid() == 0


# What Tornado's tests skip by themselves, and when.
_ABSTRACT = "setUpClass (tornado.test.util.abstract_base_test.<locals>.AbstractBaseWrapper)"
SKIPPED: dict[str, dict[str, Callable[[], bool]]] = {
    "httpclient_test": {
        "HTTPClientCommonTestCase.test_streaming_unsolicited_brotli_bomb": _always,
        _ABSTRACT: _always,
    },
    "httpserver_test": {_ABSTRACT: _always},
    "iostream_test": {_ABSTRACT: _always},
    "netutil_test": {_ABSTRACT: _always},
    "simple_httpclient_test": {
        "SimpleHTTPClientCommonTestCase.test_streaming_unsolicited_brotli_bomb": _always,
        _ABSTRACT: _always,
    },
    "tcpclient_test": {
        "TCPClientTest.test_connect_ipv6_dual": _no_ipv6,
        "TCPClientTest.test_connect_ipv6_ipv6": _no_ipv6,
        "TCPClientTest.test_connect_unspec_ipv6": _no_ipv6,
        "TCPClientTest.test_source_port_fail": _is_root,
    },
    "template_test": {"TemplateTest.test_no_inherit_future": _always},
    "testing_test": {
        "AsyncTestCaseReturnAssertionsTest.test_undecorated_coroutine": _has_own_check_of_results,
    },
    "web_test": {
        "GetCurrentUserTest.test_get_current_user_is_lazy": _always,
        "StaticFileAlternateDataStreamTest.test_alternate_data_stream": _always,
        "StaticFileAlternateDataStreamTest.test_alternate_data_stream_version": _always,
        "StaticFileAlternateDataStreamTest.test_public_file": _always,
    },
    "websocket_test": {_ABSTRACT: _always},
}

Outcomes = dict[str, tuple[str, str]]
Runs = dict[str, "concurrent.futures.Future[Outcomes]"]


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    """All modules, under way: two at once, in the order of the tests that wait for them."""
    try:
        folder = suite_folder()
    except NotAvailableError as error:
        if os.environ.get("WHIRLWIND_REQUIRE_TORNADO_SUITE") == "1":
            pytest.fail(
                f"WHIRLWIND_REQUIRE_TORNADO_SUITE is 1, and the suite is not there: {error}"
            )
        pytest.skip(f"Tornado's suite cannot be downloaded from the package registry: {error}")
    assert {path.stem for path in folder.glob("*_test.py")} == set(PASSED)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield {module: pool.submit(run_module, module, folder) for module in PASSED}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("module", PASSED)
def test_a_module_of_the_suite(module: str, runs: Runs) -> None:
    outcomes = runs[module].result()
    failed = {name: detail for name, (outcome, detail) in outcomes.items() if outcome == "failed"}
    known = NOT_PASSED.get(module, {})
    unexpected = [f"{name}\n{detail}" for name, detail in failed.items() if name not in known]
    assert not unexpected, "\n\n".join(unexpected)
    assert set(failed) == set(known), "passes now: take it out of the table"

    may_skip = SKIPPED.get(module, {})
    skipped = {name for name, (outcome, _) in outcomes.items() if outcome == "skipped"}
    assert skipped == {name for name, when in may_skip.items() if when()}

    # Those that this machine leaves out would pass on another one.
    left_out = sum(when is not _always for name, when in may_skip.items() if name in skipped)
    passed = sum(outcome == "passed" for outcome, _ in outcomes.values())
    assert passed + left_out == PASSED[module]
