"""``python -m benchmarks.server``: requests of six kinds, and idle connections, beside the peers.

The server is pinned to the first core and wrk to the second. What counts is the CPU time that
the server's process took, by the kernel's accounting, divided by the requests that wrk counted:
how fast wrk goes, and how much of the time somebody else has the core, does not enter. Latencies
(p50 and p99) are what wrk saw at full load, so they are those of a queue. Peers run in a virtual
environment of their own under ``.cache/``, which is made when it is missing. Rounds go through
all servers in turn, so that a noisy minute hits them alike.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import CACHE, interpreter, machine, pinned, versions
from benchmarks.server_process import ServerProcess

HERE = Path(__file__).resolve().parent
PACKAGES = [
    "tornado==6.6.1",
    "aiohttp",
    "uvloop",
    "httptools",
    "starlette",
    "uvicorn",
    "granian",
    "jinja2",
]
SERVERS = ["whirlwind", "tornado", "aiohttp", "starlette", "granian"]

# A header that differs in each request: what a server remembers of headers is of no use then.
VARYING = """
local count = 0
request = function()
  count = count + 1
  wrk.headers["X-Request-Id"] = tostring(count)
  return wrk.format("GET", "/")
end
"""
UPLOAD = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/octet-stream"
wrk.body = string.rep("x", 1048576)
"""
STATIC_SIZE = 10 << 20  # bytes
IDLE = 10_000  # connections


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request.

    Attributes:
        name: For the report.
        path: What is asked for.
        script: A Lua script for wrk; None for a plain GET.
        connections: How many at once; None for the command's option.
        without: Servers that have no such thing.
    """

    name: str
    path: str
    script: str | None = None
    connections: int | None = None
    without: tuple[str, ...] = ()


CASES = [
    Case("hello", "/"),
    Case("hello, a header differs", "/", VARYING),
    Case("JSON with parameter", "/item/42"),
    Case("template page", "/page", without=("granian",)),
    Case("upload of 1 MiB", "/upload", UPLOAD, 8),
    Case("static file of 10 MiB", "/static/file.bin", None, 8),
]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement.

    Attributes:
        cpu: CPU time a request, in microseconds.
        p50, p99: Latencies, in milliseconds.
    """

    cpu: float
    p50: float
    p99: float


def peers_python() -> str:
    return str(interpreter("server", *PACKAGES))


def milliseconds(text: str) -> float:
    """Read a time as wrk prints it: ``617.00us``, ``1.23ms``, ``2.10s``."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


class Server(ServerProcess):
    """One framework's server."""

    def __init__(self, name: str, folder: Path) -> None:
        ours = name == "whirlwind"
        python = sys.executable if ours else peers_python()
        program = str(HERE / "applications.py")
        super().__init__(
            name, lambda port: [python, program, name, str(port), str(folder)], ours=ours
        )

    def cpu(self) -> float:
        """Seconds of user and system time that the server took so far."""
        ticks = 0
        for process in self.processes():
            stat = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(stat[11]) + int(stat[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def measure(self, case: Case, seconds: int, connections: int, scripts: Path) -> Figure:
        command = [*pinned(1), "wrk", "-t1", f"-c{case.connections or connections}"]
        command += [f"-d{seconds}", "--latency"]
        if case.script is not None:
            script = scripts / f"{CASES.index(case)}.lua"
            script.write_text(case.script)
            command += ["-s", str(script)]
        before = self.cpu()
        report = subprocess.run(
            [*command, f"http://127.0.0.1:{self.port}{case.path}"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        spent = self.cpu() - before
        if "Non-2xx" in report or "Socket errors" in report:
            raise SystemExit(f"{self.name} {case.name}: {report}")
        requests = re.search(r"(\d+) requests in", report)
        latencies = dict(re.findall(r"^\s+(50|99)%\s+(\S+)$", report, re.MULTILINE))
        assert requests is not None
        return Figure(
            spent / int(requests[1]) * 1e6,
            milliseconds(latencies["50"]),
            milliseconds(latencies["99"]),
        )

    def idle(self, count: int) -> float:
        """Bytes of memory that an idle keep-alive connection takes, ``count`` of them open."""
        request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        return self.memory_of_idle(count, request, b"HTTP/1.1 200")


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.server", description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=2)
    options.add_argument("--connections", type=int, default=64)
    options.add_argument("--case", action="append", choices=[case.name for case in CASES])
    options.add_argument("--idle", type=int, default=IDLE, help="idle connections; 0 for none")
    given = options.parse_args()
    cases = [case for case in CASES if not given.case or case.name in given.case]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    peers = peers_python()
    folder = CACHE / "static"
    folder.mkdir(exist_ok=True)
    (folder / "file.bin").write_bytes(os.urandom(1 << 16) * (STATIC_SIZE >> 16))
    print(f"{machine()}; {os.cpu_count()} processors")
    names = ["tornado", "aiohttp", "starlette", "uvicorn", "granian", "uvloop"]
    print(f"peers: {versions(peers, names)}")
    print(f"ours: {versions(sys.executable, ['whirlwind', 'uvloop', 'httptools'])}")
    print(f"{given.rounds} rounds of {given.seconds} s, {given.connections} connections\n")
    figures: dict[tuple[str, str], list[Figure]] = {}
    idle: dict[str, float] = {}
    servers = [Server(name, folder) for name in SERVERS]
    try:
        for server in servers:
            server.measure(CASES[0], 1, given.connections, CACHE)  # warm up
        if given.idle:
            for server in servers:
                idle[server.name] = server.idle(given.idle)
        for _ in range(given.rounds):
            for case in cases:
                for server in servers:
                    if server.name not in case.without:
                        figures.setdefault((case.name, server.name), []).append(
                            server.measure(case, given.seconds, given.connections, CACHE)
                        )
    finally:
        for server in servers:
            server.stop()
    print(
        f"{'CPU a request, µs':26}{'server':12}{'median':>9}{'min':>9}{'max':>9}"
        f"{'Tornado/it':>12}{'p50, ms':>9}{'p99, ms':>9}"
    )
    for (name, server_name), values in figures.items():
        spent = [value.cpu for value in values]
        median = statistics.median(spent)
        tornado = statistics.median(value.cpu for value in figures[name, "tornado"])
        print(
            f"{name:26}{server_name:12}{median:9.1f}{min(spent):9.1f}{max(spent):9.1f}"
            f"{tornado / median:11.1f}x"
            f"{statistics.median(value.p50 for value in values):9.2f}"
            f"{statistics.median(value.p99 for value in values):9.2f}"
        )
    for server_name, size in idle.items():
        print(f"{'idle connection, bytes':26}{server_name:12}{size:9.0f}   ({given.idle} of them)")


if __name__ == "__main__":
    main()
