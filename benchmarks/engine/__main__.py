"""Runs every contender several times in turn and prints the table."""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

from benchmarks.peers import ROOT, interpreter, machine, pinned

CASES = pathlib.Path(__file__).with_name("cases.py")
PEERS = ("tornado==6.6.1", "twisted==26.10.0", "gevent==26.9.0", "uvloop==0.23.0")

# What is aimed at, compiled, on uvloop: the case, the peer that is the measure, how many times
# faster (or, for memory, how many times smaller) we want to be.
AIMS = [
    ("returns at once", "tornado", 3.0),
    ("yields a done future", "tornado", 10.0),
    ("each further yield of a done future", "tornado", 10.0),
    ("chain of 10, returns at once", "tornado", 15.0),
    ("chain of 10 over one wait", "tornado", 10.0),
    ("chain of 10 over one wait", "asyncio", 0.5),
    ("one wait", "tornado", 3.0),
    ("list of 10 pending", "asyncio", 2.0),
    ("bytes of a waiting coroutine", "asyncio", 1.0),
]


def run(
    python: str | pathlib.Path, contender: str, loop: str, interpreted: bool
) -> dict[str, float]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    if contender != "whirlwind":
        environment.pop("PYTHONPATH")
    if interpreted:
        environment["WHIRLWIND_INTERPRETED"] = "1"
    done = subprocess.run(
        [*pinned(1), str(python), str(CASES), contender, loop],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    times: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5, help="times that each contender runs")
    parser.add_argument("--loop", choices=["uvloop", "asyncio", "both"], default="both")
    options = parser.parse_args()
    peers = interpreter("engine", *PEERS)
    print(f"{machine()}; {', '.join(PEERS)}")
    print(f"{options.repeat} runs each, medians, nanoseconds of processor time")
    for loop in ("uvloop", "asyncio") if options.loop == "both" else (options.loop,):
        contenders = {
            "whirlwind": (sys.executable, "whirlwind", False),
            "interpreted": (sys.executable, "whirlwind", True),
            "tornado": (peers, "tornado", False),
            "asyncio": (sys.executable, "asyncio", False),
            "twisted": (peers, "twisted", False),
            "gevent": (peers, "gevent", False),
        }
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
        for _ in range(options.repeat):
            for name, (python, contender, interpreted) in contenders.items():
                runs[name].append(run(python, contender, loop, interpreted))
        median = {
            name: {case: statistics.median(times[case] for times in several) for case in several[0]}
            for name, several in runs.items()
        }
        spread = {
            name: {
                case: (max(t[case] for t in several) - min(t[case] for t in several))
                / median[name][case]
                for case in several[0]
            }
            for name, several in runs.items()
        }
        print(f"\non {loop}\n{'':37}" + "".join(f"{name:>18}" for name in contenders))
        for case in median["tornado"]:
            cells = [
                f"{median[name][case]:>10.0f} ±{spread[name][case] / 2:>4.0%} "
                if case in median[name]
                else f"{'-':>17} "
                for name in contenders
            ]
            print(f"{case:37}" + "".join(cells))
        if loop == "uvloop":
            print("\naims (times faster or smaller than the peer; median of the runs' ratios)")
            for case, peer, aim in AIMS:
                ratios = [
                    theirs[case] / ours[case]
                    for ours, theirs in zip(runs["whirlwind"], runs[peer], strict=True)
                ]
                ratio = statistics.median(ratios)
                verdict = "reached" if ratio >= aim else "missed"
                print(f"  {case:37} {ratio:6.2f} x {peer:8} aim {aim:4.1f}  {verdict}")


if __name__ == "__main__":
    main()
