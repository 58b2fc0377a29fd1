"""``python -m benchmarks.client``: hello GETs over kept connections, beside the peers.

The client is pinned to the first core and a server with canned answers to the second. What counts
is the CPU time that the client's process took for each fetch: how fast the server is, and how much
of the time somebody else has the core, does not enter. All run on uvloop. Tornado's client keeps
no connections; that is part of what its fetch costs. Peers run in a virtual environment of their
own under ``.cache/``, which is made when it is missing. Rounds go through all clients in turn, so
that a noisy minute hits them alike. "no client" is a bare protocol that sends the same bytes again
and again and does not look at the answer's header: what the loop and the kernel take.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.peers import interpreter, machine, pinned

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGES = ["tornado==6.6.1", "aiohttp", "httpx", "uvloop"]
CLIENTS = ["whirlwind", "tornado", "aiohttp", "httpx", "no client"]


def versions(python: str, names: list[str]) -> str:
    code = (
        "import importlib.metadata as m, sys\n"
        "print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
    )
    return subprocess.run(
        [python, "-c", code, *names], check=True, capture_output=True, text=True
    ).stdout.strip()


def measure(name: str, python: str, url: str, seconds: float, workers: int) -> float:
    """Microseconds of CPU a fetch, in a new process."""
    ours = name == "whirlwind"
    printed = subprocess.run(
        [*pinned(0), python, str(HERE / "clients.py"), name, url, str(seconds), str(workers)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src") if ours else ""},
    ).stdout
    return float(printed)


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.client", description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=2)
    options.add_argument("--workers", type=int, default=10)
    given = options.parse_args()
    peers = str(interpreter("client", *PACKAGES))
    print(f"{machine()}; {os.cpu_count()} processors")
    print(f"peers: {versions(peers, ['tornado', 'aiohttp', 'httpx', 'uvloop'])}")
    print(f"ours: {versions(sys.executable, ['whirlwind', 'uvloop', 'httptools'])}")
    print(f"{given.rounds} rounds of {given.seconds:g} s, {given.workers} fetches at once\n")
    figures: dict[str, list[float]] = {name: [] for name in CLIENTS}
    server = subprocess.Popen(
        [*pinned(1), sys.executable, str(HERE / "canned_server.py")], stdout=subprocess.PIPE
    )
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/"
        for _ in range(given.rounds):
            for name, values in figures.items():
                python = sys.executable if name == "whirlwind" else peers
                values.append(measure(name, python, url, given.seconds, given.workers))
    finally:
        server.kill()
        server.wait()
    print(f"{'CPU a fetch, µs':16}{'median':>8}{'min':>8}{'max':>8}{'it/whirlwind':>14}")
    ours = statistics.median(figures["whirlwind"])
    for name, values in figures.items():
        median = statistics.median(values)
        print(f"{name:16}{median:8.1f}{min(values):8.1f}{max(values):8.1f}{median / ours:13.1f}x")


if __name__ == "__main__":
    main()
