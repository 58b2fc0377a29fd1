"""Names that programs take from ``motor.core`` and ``motor.motor_gridfs``."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

from whirlwind import mongo
from whirlwind.mongo import core, motor_gridfs
from whirlwind.mongo.grid_answer import version_of


def test_what_is_agnostic_is_what_both_flavours_have() -> None:
    for module in (core, motor_gridfs):
        for name in module.__all__:
            if name.startswith("Agnostic") and name not in ("AgnosticBase", "AgnosticBaseCursor"):
                ours = getattr(mongo, name.replace("Agnostic", "Motor"))
                assert getattr(module, name) is ours
    client = mongo.motor_asyncio.AsyncIOMotorClient("mongodb://127.0.0.1:1")
    assert isinstance(client, core.AgnosticClient)
    assert isinstance(client.test, core.AgnosticDatabase)
    assert isinstance(client.test.things, core.AgnosticBase)
    assert isinstance(client.test.things.find(), core.AgnosticBaseCursor)


def test_subclasses_of_handlers_find_what_entity_tags_are_made_with() -> None:
    file = SimpleNamespace(_id=1, length=2, upload_date=datetime(2020, 1, 1, tzinfo=UTC))
    assert f'"{motor_gridfs._hash_gridout(file)}"' == version_of(file)
