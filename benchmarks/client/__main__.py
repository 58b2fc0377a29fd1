"""``python -m benchmarks.client``: GETs with and without TLS, beside the peers.

The client is pinned to the first core and a server with canned answers to the second. What counts
is the CPU time that the client's process took, with all its threads, for each fetch: how fast the
server is, and how much of the time somebody else has the core, does not enter. All run on uvloop.
Tornado's simple client keeps no connections; that is part of what its fetch costs. Peers run in a
virtual environment of their own under ``.cache/``, which is made when it is missing. Rounds go
through all clients in turn, so that a noisy minute hits them alike. "no client" is a bare protocol
that sends the same bytes again and again and does not look at the answer's header: what the loop
and the kernel take.

Cases: ``hello``, the same answer again and again over kept connections; ``varying``, the same with
a head that differs each time, so that what a client remembers of heads is of no use; ``TLS, kept``
and ``TLS, fresh``, over kept connections, and over a new one with a handshake for each.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import environment, interpreter, machine, pinned, versions

HERE = Path(__file__).resolve().parent
PEERS = ["tornado", "aiohttp", "httpx", "wreq", "pycurl", "uvloop"]
PACKAGES = ["tornado==6.6.1", "aiohttp", "httpx", "wreq", "pycurl", "uvloop", "trustme"]
OURS = ["whirlwind", "whirlwind curl"]
CLIENTS = [*OURS, "tornado", "tornado curl", "aiohttp", "httpx", "wreq", "no client"]


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of fetch.

    Attributes:
        name: For the report, and to choose it.
        path: What is asked for.
        secure: Whether with TLS.
        kept: Whether connections are kept.
        requests: How many GETs.
    """

    name: str
    path: str
    secure: bool
    kept: bool
    requests: int


CASES = [
    Case("hello", "/", secure=False, kept=True, requests=5000),
    Case("varying", "/varying", secure=False, kept=True, requests=5000),
    Case("TLS, kept", "/", secure=True, kept=True, requests=2000),
    Case("TLS, fresh", "/", secure=True, kept=False, requests=200),
]


def measure(name: str, python: str, url: str, case: Case, workers: int, authority: Path) -> float:
    """Microseconds of CPU a fetch, in a new process."""
    task = [url, str(case.requests), str(workers), str(int(case.kept)), str(authority)]
    printed = subprocess.run(
        [*pinned(0), python, str(HERE / "clients.py"), name, *task],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(name in OURS),
    ).stdout
    return float(printed)


def report(case: Case, figures: dict[str, list[float]]) -> None:
    kept = "kept connections" if case.kept else "a new connection for each"
    print(f"\n{case.name}: {case.requests} GETs, {kept}")
    columns = f"{'median':>8}{'min':>8}{'max':>8}{'a CPU second':>14}{'it/whirlwind':>14}"
    print(f"{'CPU a fetch, µs':16}{columns}")
    ours = statistics.median(figures["whirlwind"]) if "whirlwind" in figures else float("nan")
    for name, values in figures.items():
        median = statistics.median(values)
        print(
            f"{name:16}{median:8.1f}{min(values):8.1f}{max(values):8.1f}"
            f"{1e6 / median:14,.0f}{median / ours:13.1f}x"
        )


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.client", description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--workers", type=int, default=50, help="fetches at once")
    options.add_argument("--clients", nargs="+", choices=CLIENTS, default=CLIENTS)
    options.add_argument("--cases", nargs="+", choices=[case.name for case in CASES], default=None)
    given = options.parse_args()
    peers = str(interpreter("client", *PACKAGES))
    print(f"{machine()}; {os.cpu_count()} processors")
    print(f"peers: {versions(peers, PEERS)}")
    print(f"ours: {versions(sys.executable, ['whirlwind', 'uvloop', 'httptools', 'pycurl'])}")
    print(f"{given.rounds} rounds, {given.workers} fetches at once")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([peers, str(HERE / "certificates.py"), folder], check=True)
        authority, certificate = Path(folder, "authority.pem"), Path(folder, "server.pem")
        command = [sys.executable, str(HERE / "canned_server.py"), str(certificate)]
        server = subprocess.Popen([*pinned(1), *command], stdout=subprocess.PIPE)
        try:
            assert server.stdout is not None
            plain, secure = server.stdout.readline().split()
            for case in CASES:
                if given.cases is not None and case.name not in given.cases:
                    continue
                scheme, port = ("https", secure) if case.secure else ("http", plain)
                url = f"{scheme}://127.0.0.1:{int(port)}{case.path}"
                figures: dict[str, list[float]] = {name: [] for name in given.clients}
                for _ in range(given.rounds):
                    for name, values in figures.items():
                        python = sys.executable if name in OURS else peers
                        values.append(measure(name, python, url, case, given.workers, authority))
                report(case, figures)
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main()
