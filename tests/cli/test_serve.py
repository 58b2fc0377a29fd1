"""``whirlwind serve``, as real processes."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

APP = """
import os
from whirlwind.web import Application, RequestHandler

class Hello(RequestHandler):
    def get(self):
        self.write("{word} " + str(os.getpid()))

def make_app():
    return Application([("/", Hello)])

async def make_app_slowly():
    return make_app()

app = make_app()
number = 7
"""

# Ends a process that hangs, so that a broken server fails its test instead of stopping the run.
PATIENCE = 60


class Server:
    """A ``whirlwind serve`` process.

    Args:
        folder: Its current directory.
        arguments: What follows ``serve``.
    """

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "whirlwind", "serve", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.said = ""
        self._guard = threading.Timer(PATIENCE, self.process.kill)
        self._guard.start()

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read output until a line matches, and return the match."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            found = re.search(pattern, line)
            if found:
                return found
        raise AssertionError(f"ended without {pattern!r}: {self.said}")

    def port(self) -> int:
        return int(self.wait_for(r"Serving \S+ at http://127\.0\.0\.1:(\d+)/")[1])

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.end()

    def end(self) -> int:
        rest, _ = self.process.communicate()
        self.said += rest
        self._guard.cancel()
        return self.process.returncode

    def close(self) -> None:
        self._guard.cancel()
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


Start = Callable[..., Server]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hello.py").write_text(APP.replace("{word}", "hello"))
    return tmp_path


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    started: list[Server] = []

    def start_one(*arguments: str) -> Server:
        started.append(Server(folder, *arguments))
        return started[-1]

    yield start_one
    for server in started:
        server.close()


def get(port: int, path: str = "/") -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}{path}") as response:
        body: bytes = response.read()
    return body.decode()


@pytest.mark.parametrize("name", ["app", "make_app", "make_app_slowly"])
def test_an_application_or_a_factory_is_served(start: Start, name: str) -> None:
    server = start(f"hello:{name}", "--port", "0")
    assert get(server.port()).startswith("hello ")
    assert server.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_gracefully(start: Start, number: signal.Signals) -> None:
    server = start("hello:app", "--port", "0")
    server.port()
    assert server.stop(number) == 0
    assert server.said.endswith("Stopped.\n")
    assert "Traceback" not in server.said


HELD = """
import asyncio
from whirlwind.web import Application, RequestHandler

class Held(RequestHandler):
    async def get(self):
        print("a request is here", flush=True)
        # A named pipe: the test decides when there is something to read.
        loop = asyncio.get_running_loop()
        word = await loop.run_in_executor(None, lambda: open("gate").read())
        self.write(word)

app = Application([("/", Held)])
"""


def wait_until_refused(port: int) -> None:
    for _ in range(100_000):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            return
    raise AssertionError("still accepts connections")


def test_a_request_in_progress_is_answered_before_it_stops(start: Start, folder: Path) -> None:
    (folder / "held.py").write_text(HELD)
    os.mkfifo(folder / "gate")
    server = start("held:app", "--port", "0")
    port = server.port()
    client = HTTPConnection("127.0.0.1", port)
    client.request("GET", "/")
    server.wait_for("a request is here")
    server.process.terminate()
    wait_until_refused(port)
    (folder / "gate").write_text("after all")
    assert client.getresponse().read() == b"after all"
    client.close()
    assert server.end() == 0


def test_no_request_outlives_the_grace(start: Start, folder: Path) -> None:
    (folder / "held.py").write_text(
        HELD.replace(
            'await loop.run_in_executor(None, lambda: open("gate").read())',
            "await asyncio.Event().wait()",
        )
    )
    server = start("held:app", "--port", "0", "--grace", "0")
    port = server.port()
    client = HTTPConnection("127.0.0.1", port)
    client.request("GET", "/")
    server.wait_for("a request is here")
    assert server.stop() == 0
    assert "cut off after 0 s (--grace)" in server.said
    assert client.sock.recv(1) == b""
    client.close()


def test_a_taken_port_is_one_line_and_exit_code_1(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = start("hello:app", "--port", str(port))
        assert server.end() == 1
    assert server.said == f"Error: cannot listen on 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("helo:app", "no module named 'helo' in .*; did you mean 'hello'?"),
        ("hello:ap", "module 'hello' has no 'ap'; did you mean 'app'?"),
        ("hello:number", "hello:number is an int, which is no whirlwind.web.Application"),
        ("hello", "'hello' does not say what to serve: expected module:app"),
    ],
)
def test_a_wrong_target_is_one_line_and_exit_code_2(start: Start, target: str, said: str) -> None:
    server = start(target, "--port", "0")
    assert server.end() == 2
    assert re.fullmatch(f"Error: {said.replace('?', '[?]')}\n", server.said), server.said


def test_a_module_that_raises_shows_where_and_exit_code_1(start: Start, folder: Path) -> None:
    (folder / "broken.py").write_text("x = 1\nx.y\n")
    server = start("broken:app", "--port", "0")
    assert server.end() == 1
    assert 'broken.py", line 2' in server.said
    assert server.said.splitlines()[-1].startswith("Error: broken raised AttributeError")


def test_a_unix_socket_is_served_and_removed(start: Start, folder: Path) -> None:
    server = start("hello:app", "--unix-socket", "it.sock")
    server.wait_for("Serving hello:app at it.sock")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(folder / "it.sock"))
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert b"\r\n\r\nhello " in answer
    second = start("hello:app", "--unix-socket", "it.sock")
    assert second.end() == 1
    assert second.said == "Error: cannot listen on it.sock: another process serves it\n"
    assert server.stop() == 0
    assert not (folder / "it.sock").exists()


def test_a_socket_file_that_nobody_serves_is_replaced(start: Start, folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(folder / "it.sock"))
    server = start("hello:app", "--unix-socket", "it.sock")
    server.wait_for("Serving hello:app at it.sock")
    assert server.stop() == 0


def test_several_processes_answer_and_all_end(start: Start) -> None:
    server = start("hello:app", "--port", "0", "--processes", "2")
    port = server.port()
    seen: set[str] = set()
    for _ in range(10_000):
        seen.add(get(port).split()[1])
        if len(seen) == 2:
            break
    assert len(seen) == 2
    assert str(server.process.pid) not in seen
    assert server.stop() == 0
    for number in seen:
        with pytest.raises(ProcessLookupError):
            os.kill(int(number), 0)


def test_workers_that_cannot_make_the_application_are_not_restarted(
    start: Start, folder: Path
) -> None:
    (folder / "broken.py").write_text("def app():\n    1 / 0\n")
    server = start("broken:app", "--port", "0", "--processes", "2")
    assert server.end() == 1
    assert "Error: broken:app raised ZeroDivisionError" in server.said
    assert "restarting" not in server.said


def test_a_worker_that_dies_is_replaced(start: Start) -> None:
    server = start("hello:app", "--port", "0", "--processes", "2")
    port = server.port()
    victim = int(get(port).split()[1])
    os.kill(victim, signal.SIGKILL)
    server.wait_for(rf"child \d \(pid {victim}\) killed by signal 9, restarting")
    assert server.stop() == 0


def test_a_grace_beyond_the_limit_is_refused(start: Start) -> None:
    server = start("hello:app", "--grace", "86401")
    assert server.end() == 2
    assert "86401.0 is not in the range 0<=x<=86400" in server.said


def test_reload_and_processes_exclude_each_other(start: Start) -> None:
    server = start("hello:app", "--reload", "--processes", "2")
    assert server.end() == 2
    assert "--reload serves with one process" in server.said


def test_a_change_starts_it_anew_on_the_same_port(start: Start, folder: Path) -> None:
    server = start("hello:app", "--port", "0", "--reload")
    port = server.port()
    assert get(port) == f"hello {server.process.pid}"
    (folder / "hello.py").write_text(APP.replace("{word}", "howdy"))
    server.wait_for(r"hello\.py changed: starting anew")
    assert server.port() == port
    assert get(port) == f"howdy {server.process.pid}"
    assert server.stop() == 0


def test_reload_waits_where_a_change_is_a_mistake(start: Start, folder: Path) -> None:
    server = start("hello:app", "--port", "0", "--reload")
    port = server.port()
    (folder / "hello.py").write_text("def broken(:\n")
    server.wait_for("SyntaxError")
    server.wait_for("Waiting for a change")
    (folder / "hello.py").write_text("import colour_that_is_missing\n")
    server.wait_for("No module named 'colour_that_is_missing'")
    server.wait_for("Waiting for a change")
    (folder / "hello.py").write_text(APP.replace("{word}", "mended"))
    assert server.port() == port
    assert get(port).startswith("mended ")
    assert server.stop() == 0


def test_reload_begins_with_a_mistake_too(start: Start, folder: Path) -> None:
    (folder / "hello.py").write_text("app = 1\n")
    server = start("hello:app", "--port", "0", "--reload")
    server.wait_for("hello:app is an int")
    server.wait_for("Waiting for a change")
    (folder / "hello.py").write_text(APP.replace("{word}", "mended"))
    assert get(server.port()).startswith("mended ")
    assert server.stop(signal.SIGINT) == 0


def test_a_signal_ends_the_wait_for_a_change(start: Start, folder: Path) -> None:
    (folder / "hello.py").write_text("1 / 0\n")
    server = start("hello:app", "--port", "0", "--reload")
    server.wait_for("Waiting for a change")
    server.process.terminate()
    assert server.end() == -signal.SIGTERM
