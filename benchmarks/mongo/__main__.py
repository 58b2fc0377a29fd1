"""whirlwind.mongo beside PyMongo's asynchronous API and Motor, on one server.

    python -m benchmarks.mongo [--repeat 9]

Needs what the extra ``bench`` installs. The server runs in a process of its own and costs next to
nothing, so that the figures are those of the clients: microseconds of CPU, all threads together,
for one document of a loop over 10,000, and for one ``find_one`` of 80 at once. Each figure is the
median of the repetitions, which take turns; the spread is from the lowest to the highest; the last
column is the ratio to the first line. On a machine that does other work as well, CPU time repeats
better than elapsed time.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymongo
from benchmarks.mongo.wire_server import COUNT

try:
    import motor
    import tornado
    import tornado.gen
except ImportError:
    motor = None

from whirlwind import gen
from whirlwind import mongo as whirlwind_mongo

ROUNDS = 25
AT_ONCE = 80


@gen.coroutine
def whirlwind_loop(things: Any) -> Any:
    """The loop of the guide, on our engine."""
    cursor = things.find()
    number = 0
    while (yield cursor.fetch_next):
        cursor.next_object()
        number += 1
    assert number == COUNT


async def whirlwind_loop_await(things: Any) -> None:
    """The same in an ``async def``."""
    cursor = things.find()
    number = 0
    while await cursor.fetch_next:
        cursor.next_object()
        number += 1
    assert number == COUNT


async def async_for(things: Any) -> None:
    """The loop that all three have."""
    number = 0
    async for _ in things.find():
        number += 1
    assert number == COUNT


async def to_list(things: Any) -> None:
    """All documents in one list."""
    assert len(await things.find().to_list(None)) == COUNT


def motor_loop() -> Callable[[Any], Any]:
    """The loop of the guide, on Tornado's engine."""

    def loop(things: Any) -> Any:
        cursor = things.find()
        number = 0
        while (yield cursor.fetch_next):
            cursor.next_object()
            number += 1
        assert number == COUNT

    result: Callable[[Any], Any] = tornado.gen.coroutine(loop)
    return result


async def find_one(things: Any) -> None:
    """80 at once, 25 times."""
    for _ in range(ROUNDS):
        await asyncio.gather(*[things.find_one({"_id": number}) for number in range(AT_ONCE)])


def measure(loop: asyncio.AbstractEventLoop, work: Callable[[Any], Any], things: Any) -> float:
    async def timed() -> float:
        start = time.process_time()
        await work(things)
        return time.process_time() - start

    return loop.run_until_complete(timed())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=9)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("wire_server.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        run(f"mongodb://127.0.0.1:{int(server.stdout.readline())}", arguments.repeat)
    finally:
        server.stdin.close()
        server.wait()


def run(uri: str, repeat: int) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    ours = whirlwind_mongo.MotorClient(uri, io_loop=loop)
    pymongos: pymongo.AsyncMongoClient[Any] = pymongo.AsyncMongoClient(uri)
    documents: dict[str, tuple[Callable[[Any], Any], Any]] = {
        "PyMongo async for": (async_for, pymongos.test.things),
        "whirlwind fetch_next, yield": (whirlwind_loop, ours.test.things),
        "whirlwind fetch_next, await": (whirlwind_loop_await, ours.test.things),
        "whirlwind async for": (async_for, ours.test.things),
        "PyMongo to_list": (to_list, pymongos.test.things),
        "whirlwind to_list": (to_list, ours.test.things),
    }
    single: dict[str, tuple[Callable[[Any], Any], Any]] = {
        "PyMongo find_one x 80": (find_one, pymongos.test.things),
        "whirlwind find_one x 80": (find_one, ours.test.things),
    }
    versions = [f"Python {platform.python_version()}", f"PyMongo {pymongo.version}"]
    if motor is not None:
        motors = motor.motor_tornado.MotorClient(uri)
        documents["Motor fetch_next, yield"] = (motor_loop(), motors.test.things)
        documents["Motor async for"] = (async_for, motors.test.things)
        documents["Motor to_list"] = (to_list, motors.test.things)
        single["Motor find_one x 80"] = (find_one, motors.test.things)
        versions += [f"Motor {motor.version}", f"Tornado {tornado.version}"]
    print(
        ", ".join(versions), f"{platform.machine()}, {repeat} repetitions,", loop.__class__.__name__
    )
    try:
        report(loop, documents, COUNT, repeat, "us of CPU a document, 10,000 documents")
        report(loop, single, ROUNDS * AT_ONCE, repeat, "us of CPU an operation")
    finally:
        ours.close()
        loop.run_until_complete(pymongos.close())
        if motor is not None:
            motors.close()
        loop.close()


def report(
    loop: asyncio.AbstractEventLoop,
    contenders: dict[str, tuple[Callable[[Any], Any], Any]],
    count: int,
    repeat: int,
    title: str,
) -> None:
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(repeat + 1):
        for name, (work, things) in contenders.items():
            seconds = measure(loop, work, things)
            if turn:  # the first turn connects
                times[name].append(seconds / count * 1e6)
    print(f"\n{title}")
    base = statistics.median(times[next(iter(times))])
    for name, values in times.items():
        middle = statistics.median(values)
        print(
            f"  {name:30} {middle:8.2f}   ({min(values):.2f} to {max(values):.2f})"
            f"   {middle / base:5.2f}"
        )


if __name__ == "__main__":
    main()
