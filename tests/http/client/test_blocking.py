"""The client for programs without a loop, against a server in another thread."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from whirlwind.httpclient import HTTPClient, HTTPClientError
from whirlwind.ioloop import IOLoop
from whirlwind.simple_httpclient import SimpleAsyncHTTPClient


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    peers: set[object]

    def do_GET(self) -> None:
        self.peers.add(self.client_address)
        body = self.path.encode()
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    Handler.peers = set()
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def url(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def test_fetch_returns_the_response_and_keeps_the_connection(url: str) -> None:
    client = HTTPClient()
    assert client.fetch(f"{url}/one").body == b"/one"
    assert client.fetch(f"{url}/two").body == b"/two"
    assert len(Handler.peers) == 1
    client.close()
    client.close()


def test_an_error_is_raised_unless_told_otherwise(url: str) -> None:
    client = HTTPClient(SimpleAsyncHTTPClient, max_clients=1)
    with pytest.raises(HTTPClientError, match="404"):
        client.fetch(f"{url}/missing")
    assert client.fetch(f"{url}/missing", raise_error=False).code == 404
    client.close()


def test_a_client_that_is_dropped_closes_itself(url: str) -> None:
    client = HTTPClient()
    client.fetch(url)
    del client
    gc.collect()  # a socket or a loop that is open still would warn


def test_a_client_that_a_program_ends_with_says_nothing() -> None:
    program = (
        "import builtins; from whirlwind.httpclient import HTTPClient\n"
        "builtins.client = HTTPClient()  # gone when nearly all modules are"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_a_program_may_ask_for_an_instance_of_its_own_which_it_has_anyway(url: str) -> None:
    for asked in (True, False):
        client = HTTPClient(force_instance=asked, max_clients=1)
        assert client.fetch(url).code == 200
        client.close()


def test_it_leaves_the_current_loop_alone() -> None:
    before = IOLoop.current(instance=False)
    client = HTTPClient()
    client.close()
    assert IOLoop.current(instance=False) is before


def test_a_client_that_cannot_be_made_says_why_and_no_more() -> None:
    with pytest.raises(TypeError, match="nonsense"):
        HTTPClient(nonsense=1)
    gc.collect()
