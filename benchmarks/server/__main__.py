"""``python -m benchmarks.server``: hello and JSON with a path parameter, beside the peers.

The server is pinned to the first core and wrk to the second. What counts is the CPU time that
the server's process took, by the kernel's accounting, divided by the requests that wrk counted:
how fast wrk goes, and how much of the time somebody else has the core, does not enter. Peers
run in a virtual environment of their own under ``.cache/``, which is made when it is missing.
Rounds go through all servers in turn, so that a noisy minute hits them alike.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.peers import CACHE, interpreter, machine, pinned

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGES = ["tornado==6.6.1", "aiohttp", "uvloop", "httptools", "starlette", "uvicorn"]
SERVERS = ["whirlwind", "tornado", "aiohttp", "starlette"]

# A header that differs in each request: what a server remembers of headers is of no use then.
VARYING = """
local count = 0
request = function()
  count = count + 1
  wrk.headers["X-Request-Id"] = tostring(count)
  return wrk.format("GET", "/")
end
"""


def peers_python() -> str:
    return str(interpreter("server", *PACKAGES))


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
    """One server process, pinned."""

    def __init__(self, name: str) -> None:
        python = sys.executable if name == "whirlwind" else peers_python()
        self.name = name
        self.port = free_port()
        self.process = subprocess.Popen(
            [*pinned(0), python, str(HERE / "applications.py"), name, str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src") if name == "whirlwind" else ""},
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def cpu(self) -> float:
        """Seconds of user and system time that the process took so far."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def measure(self, path: str, seconds: int, connections: int, script: str | None) -> float:
        """Microseconds of CPU a request."""
        command = [*pinned(1), "wrk", "-t1", f"-c{connections}", f"-d{seconds}"]
        if script is not None:
            command += ["-s", script]
        before = self.cpu()
        report = subprocess.run(
            [*command, f"http://127.0.0.1:{self.port}{path}"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        spent = self.cpu() - before
        if "Non-2xx" in report or "Socket errors" in report:
            raise SystemExit(f"{self.name} {path}: {report}")
        found = re.search(r"(\d+) requests in", report)
        assert found is not None
        return spent / int(found[1]) * 1e6


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.server", description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=3)
    options.add_argument("--connections", type=int, default=64)
    given = options.parse_args()
    script = CACHE / "varying.lua"
    peers = peers_python()
    script.write_text(VARYING)
    cases = [
        ("hello", "/", None),
        ("hello, a header differs", "/", str(script)),
        ("JSON with parameter", "/item/42", None),
    ]
    print(f"{machine()}; {os.cpu_count()} processors")
    print(f"peers: {versions(peers, ['tornado', 'aiohttp', 'starlette', 'uvicorn', 'uvloop'])}")
    print(f"ours: {versions(sys.executable, ['whirlwind', 'uvloop', 'httptools'])}")
    print(f"{given.rounds} rounds of {given.seconds} s, {given.connections} connections\n")
    figures: dict[tuple[str, str], list[float]] = {}
    servers = [Server(name) for name in SERVERS]
    try:
        for server in servers:
            server.measure("/", 1, given.connections, None)  # warm up
        for _ in range(given.rounds):
            for case, path, lua in cases:
                for server in servers:
                    figures.setdefault((case, server.name), []).append(
                        server.measure(path, given.seconds, given.connections, lua)
                    )
    finally:
        for server in servers:
            server.process.kill()
            server.process.wait()
    print(
        f"{'CPU a request, µs':26}{'server':12}{'median':>8}{'min':>8}{'max':>8}{'Tornado/it':>12}"
    )
    for (case, name), values in figures.items():
        median = statistics.median(values)
        ratio = statistics.median(figures[case, "tornado"]) / median
        print(f"{case:26}{name:12}{median:8.1f}{min(values):8.1f}{max(values):8.1f}{ratio:11.1f}x")


if __name__ == "__main__":
    main()
