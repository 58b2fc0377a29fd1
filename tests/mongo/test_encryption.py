"""Encryption by the program: with ``pymongocrypt`` it works, without it there is a clear error."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from bson.codec_options import CodecOptions
from pymongo.asynchronous.encryption import AsyncClientEncryption
from tests.mongo.scripted import run, scripted
from tests.support.mongo_server import LOCAL_SERVERS, start_server

from whirlwind.mongo import MotorClient, MotorClientEncryption, MotorCursor

LOCAL = {"local": {"key": b"k" * 96}}
DETERMINISTIC = "AEAD_AES_256_CBC_HMAC_SHA_512-Deterministic"


def test_without_pymongocrypt_the_error_says_what_to_install() -> None:
    program = textwrap.dedent(
        """
        import sys
        sys.modules["pymongocrypt"] = None
        from bson.codec_options import CodecOptions
        from pymongo.errors import ConfigurationError
        from whirlwind.mongo import MotorClient, MotorClientEncryption

        try:
            MotorClientEncryption({}, "keys.keys", MotorClient(), CodecOptions())
        except ConfigurationError as error:
            print(error)
        """
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    assert "pymongocrypt" in done.stdout
    assert "install" in done.stdout
    assert done.stderr == ""


def test_a_client_of_pymongos_is_refused() -> None:
    async def scene() -> None:
        async with scripted() as (_, things):
            with pytest.raises(TypeError, match="must be a MotorClient"):
                MotorClientEncryption(
                    LOCAL, "keys.keys", things.client.delegate, CodecOptions[Any]()
                )

    run(scene)


def test_every_operation_of_pymongos_class_is_there() -> None:
    public = {name for name in dir(AsyncClientEncryption) if not name.startswith("_")}
    assert [name for name in public if not hasattr(MotorClientEncryption, name)] == []


if find_spec("pymongocrypt") is not None:
    # briskdb refuses the write concern that keys are stored with.
    @pytest.mark.parametrize("server", LOCAL_SERVERS[1:])
    def test_values_are_encrypted_and_decrypted_with_keys_of_a_collection(
        server: str, tmp_path: Path, database_name: str
    ) -> None:
        with closing(start_server(server, tmp_path)) as running:
            run(lambda: encrypted_and_back(running.uri, database_name))

    async def encrypted_and_back(uri: str, database_name: str) -> None:
        async with MotorClient(uri) as client:
            await client.drop_database(database_name)
            vault = f"{database_name}.keys"
            options = CodecOptions[Any]()
            async with MotorClientEncryption(LOCAL, vault, client, options) as encryption:
                key = await encryption.create_data_key("local", key_alt_names=["mine"])
                secret = await encryption.encrypt("text", DETERMINISTIC, key_id=key)
                assert b"text" not in bytes(secret)
                again = await encryption.encrypt("text", DETERMINISTIC, key_alt_name="mine")
                assert secret == again
                assert await encryption.decrypt(secret) == "text"
                cursor = await encryption.get_keys()
                assert isinstance(cursor, MotorCursor)
                assert [found["_id"] async for found in cursor] == [key]
                found = await encryption.get_key(key)
                assert found is not None
                assert found["keyAltNames"] == ["mine"]
                named = await encryption.get_key_by_alt_name("mine")
                assert named is not None
                assert named["_id"] == key
                assert (await encryption.delete_key(key)).deleted_count == 1
                with pytest.raises(AttributeError, match="async with"), encryption:
                    pass

    def test_a_collection_is_made_with_keys_for_its_fields() -> None:
        def accept(name: str, command: dict[str, Any]) -> Any:
            return {"ok": 1, "n": 1}

        async def scene() -> None:
            async with scripted(accept) as (server, things):
                encryption = MotorClientEncryption(
                    LOCAL, "keys.keys", things.client, CodecOptions[Any]()
                )
                fields = {"fields": [{"path": "a", "bsonType": "string", "keyId": None}]}
                collection, made = await encryption.create_encrypted_collection(
                    things.database, "people", fields, "local"
                )
                assert collection == things.database.people
                assert made["fields"][0]["keyId"] is not None
                assert server.commands[0]["insert"] == "keys"
                sent = [c for c in server.commands if c.get("create") == "people"]
                assert sent[0]["encryptedFields"] == made
                await encryption.close()

        run(scene)
