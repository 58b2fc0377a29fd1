"""What strict type checkers see of the interface."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

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


def checked(source: pathlib.Path, folder: pathlib.Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            *("-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml")),
            *("--cache-dir", str(folder / "cache"), str(source)),
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
    wrong = tmp_path / "wrong.py"
    wrong.write_text(WRONG)
    done = checked(wrong, tmp_path)
    lines = [int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line]
    assert sorted(set(lines)) == [9, 10, 12, 13, 15, 16], done.stdout


def test_pyright_has_nothing_to_say_about_a_typed_program(tmp_path: pathlib.Path) -> None:
    settings = {
        "include": [str(PROGRAM)],
        "extraPaths": [str(ROOT / "src")],
        "typeCheckingMode": "strict",
        "reportMissingTypeStubs": False,
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "basedpyright",
            "--level",
            "error",
            "--pythonpath",
            sys.executable,
            "-p",
            str(tmp_path),
        ],
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
