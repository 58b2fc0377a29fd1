"""``python -m benchmarks.streams``: echoes, lines, frames and floods over TCP, beside the peers.

The measured side is pinned to the first core and a bare client on blocking sockets to the second.
What counts is the CPU time that the measured process took: how fast the client is, and how much of
the time somebody else has the core, does not enter. Tornado runs on asyncio's own loop, which is
its default, and on uvloop. Peers run in a virtual environment of their own under ``.cache/``, which
is made when it is missing. Rounds go through all libraries in turn, so that a noisy minute hits
them alike. "bare protocol" echoes what comes without a stream: what the loop and the kernel take.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.peers import environment, interpreter, machine, pinned
from benchmarks.streams.cases import CASES, Case

HERE = Path(__file__).resolve().parent
PACKAGES = ["tornado==6.6.1", "uvloop"]
# Name for the report, library, loop.
LIBRARIES = [
    ("whirlwind", "whirlwind", "uvloop"),
    ("tornado", "tornado", "asyncio"),
    ("tornado, uvloop", "tornado", "uvloop"),
    ("asyncio, uvloop", "asyncio", "uvloop"),
    ("bare protocol", "bare", "uvloop"),
]


def measure(python: str, library: str, loop: str, name: str) -> tuple[float, float]:
    """CPU in microseconds for each unit of the case, and the most memory in MB."""
    case = CASES[name]
    measured = subprocess.Popen(
        [*pinned(0), python, str(HERE / "programs.py"), library, loop, name],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(library == "whirlwind"),
    )
    assert measured.stdout is not None
    try:
        port = measured.stdout.readline().strip()
        subprocess.run(
            [*pinned(1), sys.executable, str(HERE / "peer.py"), name, port], check=True, timeout=120
        )
        used, memory = measured.stdout.readline().split()
    finally:
        measured.kill()
        measured.wait()
    return float(used) / units(case), float(memory) * 1024 / 1e6


def units(case: Case) -> float:
    return case.count if case.unit == "message" else case.count * case.size / 1e9


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.streams", description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--case", action="append", choices=list(CASES), help="these only")
    given = options.parse_args()
    peers = str(interpreter("streams", *PACKAGES))
    print(f"{machine()}; {os.cpu_count()} processors; {', '.join(PACKAGES)}")
    print(f"{given.rounds} rounds; CPU time of the measured side, median (least to most)\n")
    for name in given.case or list(CASES):
        case = CASES[name]
        used: dict[str, list[float]] = {}
        memory: dict[str, float] = {}
        for _ in range(given.rounds):
            for title, library, loop in LIBRARIES:
                if library == "bare" and not case.kind.startswith("echo"):
                    continue
                python = sys.executable if library == "whirlwind" else peers
                figure, most = measure(python, library, loop, name)
                used.setdefault(title, []).append(figure)
                memory[title] = max(most, memory.get(title, 0))
        report(case, used, memory)


def report(case: Case, used: dict[str, list[float]], memory: dict[str, float]) -> None:
    unit, scale = ("µs a message", 1) if case.unit == "message" else ("ms a GB", 1000)
    print(f"{case.title}, {unit}")
    ours = statistics.median(used["whirlwind"])
    for title, figures in used.items():
        median = statistics.median(figures)
        spread = f"({min(figures) / scale:.1f} to {max(figures) / scale:.1f})"
        held = f"{memory[title]:8.0f} MB" if "frames" in case.kind else ""
        print(f"  {title:18}{median / scale:9.1f}  {spread:20}{median / ours:7.2f}x{held}")
    print(flush=True)


if __name__ == "__main__":
    main()
