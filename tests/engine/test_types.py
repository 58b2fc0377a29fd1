"""What a strict type checker sees of coroutine functions."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import pytest

PROGRAM = """
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from whirlwind import concurrent, gen

@gen.coroutine
def generator(x: int) -> Generator[Any, Any, str]:
    yield None
    return str(x)

@gen.coroutine
async def native(x: int) -> str:
    return str(x)

@gen.coroutine
def plain(x: int, *, y: str = "") -> float:
    return x

class Worker:
    executor = ThreadPoolExecutor(1)

    @gen.coroutine
    def method(self, x: int) -> Generator[Any, Any, bytes]:
        yield None
        return b""

    @concurrent.run_on_executor
    def in_thread(self, x: int) -> bytes:
        return b""

async def main() -> None:
    reveal_type(generator)
    reveal_type(native)
    reveal_type(plain)
    reveal_type(Worker().method(1))
    reveal_type(Worker().in_thread(1))
    reveal_type(await generator(1))
    generator("1")
"""

EXPECTED = [
    "def (x: int) -> Future[str]",
    "def (x: int) -> Future[str]",
    "def (x: int, *, y: str =) -> Future[float]",
    "Future[bytes]",
    "Future[bytes]",
    "str",
]


@pytest.mark.slow
def test_parameters_stay_and_the_result_is_a_future_of_what_the_body_returns(
    tmp_path: pathlib.Path,
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    # Not by mypy.api: what it leaves in memory would slow down every collection after it.
    output = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), program],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    plain = re.sub(r"\b(?:builtins|asyncio\.futures|_asyncio)\.", "", output)
    assert re.findall(r'Revealed type is "(.*)"', plain) == EXPECTED
    errors = [line for line in plain.splitlines() if " error: " in line]
    assert len(errors) == 1, output
    assert 'incompatible type "str"; expected "int"' in errors[0]
