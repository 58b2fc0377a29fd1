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
import resource
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import environment, interpreter, machine, pinned, versions
from benchmarks.server_process import ServerProcess

HERE = Path(__file__).resolve().parent
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


def python_of(name: str) -> str:
    """Return the interpreter that one of NAMES runs in."""
    return sys.executable if name == "whirlwind" else peers_python()


class Server(ServerProcess):
    """One package's echo server."""

    def __init__(self, name: str, cpu: int = 0) -> None:
        command = [python_of(name), str(HERE / "servers.py"), name]
        super().__init__(
            name, lambda port: [*command, str(port)], ours=name == "whirlwind", cpu=cpu
        )

    def cpu(self) -> float:
        """Seconds that the server's threads ran so far."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

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

        return self.memory_of_idle(count, request("binary"), b"HTTP/1.1 101")


def measure_client(name: str, case: Case, port: int, seconds: float) -> float:
    """Microseconds of a client's CPU for each message, in a new process."""
    arguments = [name, str(port), str(case.size), str(case.connections), str(seconds)]
    printed = subprocess.run(
        [*pinned(0), python_of(name), str(HERE / "clients.py"), *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(name == "whirlwind"),
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
