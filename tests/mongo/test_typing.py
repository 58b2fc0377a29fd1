"""What strict type checkers see of the interface."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from bson import CodecOptions

from whirlwind import mongo
from whirlwind.mongo import core, motor_asyncio, motor_tornado

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = pathlib.Path(__file__).with_name("typed") / "program.py"

WRONG = """
from typing import Any, TypedDict
from whirlwind.mongo import MotorClient

class Bird(TypedDict):
    name: str

async def wrong(birds: MotorClient[Bird], plain: MotorClient[dict[str, Any]]) -> None:
    await birds.zoo.birds.insert_one({"name": 5})
    await birds.zoo.birds.insert_many({"name": "owl"})
    bird = await birds.zoo.birds.find_one()
    bird["name"]
    for document in plain.zoo.birds.find():
        pass
    await plain.zoo.drop_collection(plain)
    plain.zoo.birds.find().sort("name").first()
"""


def checked(program: pathlib.Path, folder: pathlib.Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            *("-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml")),
            *("--cache-dir", str(folder / "cache"), str(program)),
        ],
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_mypy_has_nothing_to_say_about_a_typed_program(tmp_path: pathlib.Path) -> None:
    done = checked(PROGRAM, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_finds_what_is_wrong(tmp_path: pathlib.Path) -> None:
    program = tmp_path / "wrong.py"
    program.write_text(WRONG)
    done = checked(program, tmp_path)
    lines = [int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line]
    assert sorted(set(lines)) == [9, 10, 12, 13, 15, 16], done.stdout


def test_pyright_has_nothing_to_say_about_a_typed_program(tmp_path: pathlib.Path) -> None:
    pyright = shutil.which("pyright") or shutil.which("basedpyright")
    if pyright is None:
        pytest.skip("pyright is not installed")
    done = subprocess.run(
        [pyright, "--pythonpath", sys.executable, str(PROGRAM)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_classes_take_the_types_of_documents_when_the_program_runs() -> None:
    for name in (
        "Client",
        "Database",
        "Collection",
        "Cursor",
        "CommandCursor",
        "LatentCommandCursor",
        "RawBatchCursor",
        "RawBatchCommandCursor",
        "ChangeStream",
        "ClientEncryption",
    ):
        for found in (
            getattr(motor_tornado, f"Motor{name}"),
            getattr(motor_asyncio, f"AsyncIOMotor{name}"),
            getattr(core, f"Agnostic{name}"),
        ):
            assert found[dict[str, int]] is not None
    client = mongo.MotorClient[dict[str, int]]("mongodb://127.0.0.1:1", document_class=dict)
    assert isinstance(client, mongo.MotorClient)
    assert client.codec_options == CodecOptions(document_class=dict)
