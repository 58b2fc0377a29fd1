"""``python -m benchmarks.websocket``: the echo of messages, server and client, beside the peers.

The process under measure is pinned to the first core and its other end to the second. What counts
is the CPU time that the process took, by the kernel's accounting, divided by the messages that came
back: how fast the other end is, and how much of the time somebody else has the core, does not
enter. With one connection most of it is the kernel's share of falling asleep and of being woken,
once a message; with a hundred, one turn of the loop finds many messages. Peers run in a virtual
environment of their own under ``.cache/``, which is made when it is missing. Rounds go through all
servers and clients in turn, so that a noisy minute hits them alike.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import interpreter, machine, pinned

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGES = ["tornado==6.6.1", "aiohttp", "websockets", "picows", "uvloop"]
NAMES = ["whirlwind", "tornado", "websockets", "picows", "aiohttp"]


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of message.

    Attributes:
        name: For the report.
        size: Bytes in it.
        connections: How many at once.
        kind: What the load sends.
        without: Peers that have no such thing.
    """

    name: str
    size: int
    connections: int
    kind: str = "binary"
    without: tuple[str, ...] = ()


SERVER_CASES = [
    Case("64 B, 1 connection", 64, 1),
    Case("64 B, 100", 64, 100),
    Case("64 KiB, 1 connection", 65536, 1),
    Case("64 KiB, 100", 65536, 100),
    Case("deflate, 1 KiB, 100", 1024, 100, "deflate", ("picows",)),
]
CLIENT_CASES = [Case(f"client, {case.name}", case.size, case.connections) for case in SERVER_CASES]
CLIENT_CASES.pop()
IDLE = 2_000  # connections


def peers_python() -> str:
    return str(interpreter("websocket", *PACKAGES))


def python_of(name: str) -> tuple[str, dict[str, str]]:
    """Return the interpreter and the environment that one of NAMES runs in."""
    ours = name == "whirlwind"
    python = sys.executable if ours else peers_python()
    return python, {**os.environ, "PYTHONPATH": str(ROOT / "src") if ours else ""}


def versions(python: str, names: list[str]) -> str:
    code = (
        "import importlib.metadata as m, sys\n"
        "print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
    )
    return subprocess.run(
        [python, "-c", code, *names], check=True, capture_output=True, text=True
    ).stdout.strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """One echo server's process, pinned."""

    def __init__(self, name: str, cpu: int = 0) -> None:
        python, environment = python_of(name)
        self.name = name
        self.port = free_port()
        self.process = subprocess.Popen(
            [*pinned(cpu), python, str(HERE / "servers.py"), name, str(self.port)],
            env=environment,
        )
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"{name} does not start")

    def cpu(self) -> float:
        """Seconds that the server's threads ran so far."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def memory(self) -> int:
        """Bytes of memory that the server shares with nobody."""
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return 1024 * sum(map(int, re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.MULTILINE)))

    def measure(self, case: Case, seconds: float) -> float:
        """Microseconds of the server's CPU for each message."""
        before = self.cpu()
        load = [str(HERE / "load.py"), str(self.port), str(case.size), str(case.connections)]
        printed = subprocess.run(
            [*pinned(1), peers_python(), *load, str(seconds), case.kind],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
        return (self.cpu() - before) / int(printed) * 1e6

    def idle(self, count: int) -> float:
        """Bytes of memory that an open WebSocket takes on which nothing happens."""
        from benchmarks.websocket.load import request

        before = self.memory()
        clients = []
        try:
            for _ in range(count):
                client = socket.create_connection(("127.0.0.1", self.port))
                clients.append(client)
                client.sendall(request("binary"))
                if not client.recv(4096).startswith(b"HTTP/1.1 101"):
                    raise SystemExit(f"{self.name}: an idle connection was refused")
            return (self.memory() - before) / count
        finally:
            for client in clients:
                client.close()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def measure_client(name: str, case: Case, port: int, seconds: float) -> float:
    """Microseconds of a client's CPU for each message, in a new process."""
    python, environment = python_of(name)
    arguments = [name, str(port), str(case.size), str(case.connections), str(seconds)]
    printed = subprocess.run(
        [*pinned(0), python, str(HERE / "clients.py"), *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ).stdout
    return float(printed)


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.websocket", description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=1)
    options.add_argument(
        "--case", action="append", choices=[case.name for case in SERVER_CASES + CLIENT_CASES]
    )
    options.add_argument("--idle", type=int, default=IDLE, help="idle connections; 0 for none")
    given = options.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(f"{machine()}; {os.cpu_count()} processors")
    print(f"peers: {versions(peers_python(), [*NAMES[1:], 'uvloop'])}")
    print(f"ours: {versions(sys.executable, ['whirlwind', 'uvloop', 'httptools'])}")
    print(f"{given.rounds} rounds of {given.seconds:g} s\n")
    figures: dict[tuple[Case, str], list[float]] = {}
    idle: dict[str, float] = {}
    servers = [Server(name) for name in NAMES]
    far_end = Server("picows", cpu=1)  # for the clients
    try:
        for server in servers:
            server.measure(SERVER_CASES[0], 0.5)  # warm up
            if given.idle:
                idle[server.name] = server.idle(given.idle)
        for _ in range(given.rounds):
            for case in SERVER_CASES + CLIENT_CASES:
                if given.case and case.name not in given.case:
                    continue
                for server in servers:
                    if server.name in case.without:
                        continue
                    figures.setdefault((case, server.name), []).append(
                        server.measure(case, given.seconds)
                        if case in SERVER_CASES
                        else measure_client(server.name, case, far_end.port, given.seconds)
                    )
    finally:
        for server in [*servers, far_end]:
            server.stop()
    print(
        f"{'CPU a message, µs':30}{'':12}{'median':>9}{'min':>9}{'max':>9}"
        f"{'Tornado/it':>12}{'it/picows':>11}"
    )
    for (case, name), values in figures.items():
        median = statistics.median(values)
        tornado = statistics.median(figures[case, "tornado"])
        ratio = ""
        if (case, "picows") in figures:
            ratio = f"{median / statistics.median(figures[case, 'picows']):10.2f}x"
        print(
            f"{case.name:30}{name:12}{median:9.1f}{min(values):9.1f}{max(values):9.1f}"
            f"{tornado / median:11.1f}x{ratio:>11}"
        )
    for name, size in idle.items():
        print(f"{'idle connection, bytes':30}{name:12}{size:9.0f}   ({given.idle} of them)")


if __name__ == "__main__":
    main()
