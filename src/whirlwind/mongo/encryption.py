"""Encryption of values by the program, before they reach the server.

Layer: public package ``mongo``. Needs ``pymongocrypt`` (the extra ``encryption``), which PyMongo
loads by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Generic

from bson.codec_options import CodecOptions
from pymongo.asynchronous.encryption import AsyncClientEncryption

from whirlwind.mongo.blocks import ClosedAfterBlock, NoPlainBlock
from whirlwind.mongo.client import MotorClient
from whirlwind.mongo.collection import MotorCollection
from whirlwind.mongo.cursor import MotorCursor
from whirlwind.mongo.database import MotorDatabase
from whirlwind.mongo.delegation import MotorObject, delegate_of, operation, takes_callback
from whirlwind.mongo.document_types import D


class MotorClientEncryption(MotorObject, ClosedAfterBlock, NoPlainBlock, Generic[D]):
    """Encrypts and decrypts single values, and keeps their keys in a collection.

    For encryption without a call of the program's give ``auto_encryption_opts`` to the client.

    Args:
        kms_providers: Who guards the data keys, for example ``{"local": {"key": 96 bytes}}``.
        key_vault_namespace: Where the data keys are, ``"database.collection"``.
        key_vault_client: The ``MotorClient`` of the deployment that has them.
        codec_options: How values are encoded and decoded; the options of the collections that
            they are stored in.
        io_loop: Ignored: all runs on the loop of the client.
        kms_tls_options: TLS options for connections to the providers, by their names.
        key_expiration_ms: How long a data key is remembered; None for libmongocrypt's minute.

    Raises:
        ConfigurationError: ``pymongocrypt`` is not installed.
        TypeError: ``key_vault_client`` is no ``MotorClient``.
    """

    _instead = "write 'async with' for a MotorClientEncryption, not 'with'"

    def __init__(
        self,
        kms_providers: Mapping[str, Any],
        key_vault_namespace: str,
        key_vault_client: MotorClient[Any],
        codec_options: CodecOptions[Any],
        io_loop: Any = None,
        kms_tls_options: Mapping[str, Any] | None = None,
        key_expiration_ms: int | None = None,
    ) -> None:
        if not isinstance(key_vault_client, MotorClient):
            raise TypeError(f"key_vault_client must be a MotorClient, not {key_vault_client!r:.40}")
        self._binding = key_vault_client._binding
        self._client = key_vault_client
        self._vault = key_vault_namespace
        self._delegate: AsyncClientEncryption[Any] = AsyncClientEncryption(
            kms_providers,
            key_vault_namespace,
            key_vault_client.delegate,
            codec_options,
            kms_tls_options,
            key_expiration_ms,
        )

    @property
    def delegate(self) -> AsyncClientEncryption[Any]:
        """PyMongo's object."""
        return self._delegate

    create_data_key = operation(AsyncClientEncryption[D].create_data_key)
    encrypt = operation(AsyncClientEncryption[D].encrypt)
    encrypt_expression = operation(AsyncClientEncryption[D].encrypt_expression)
    decrypt = operation(AsyncClientEncryption[D].decrypt)
    get_key = operation(AsyncClientEncryption[D].get_key)
    delete_key = operation(AsyncClientEncryption[D].delete_key)
    add_key_alt_name = operation(AsyncClientEncryption[D].add_key_alt_name)
    get_key_by_alt_name = operation(AsyncClientEncryption[D].get_key_by_alt_name)
    remove_key_alt_name = operation(AsyncClientEncryption[D].remove_key_alt_name)
    rewrap_many_data_key = operation(AsyncClientEncryption[D].rewrap_many_data_key)
    close = operation(AsyncClientEncryption[D].close)

    @takes_callback
    def get_keys(self) -> asyncio.Future[MotorCursor]:
        """Return a Future of a cursor over the data keys: ``async for key in await get_keys()``."""
        database, _, collection = self._vault.partition(".")
        vault = self._client[database][collection]
        return self._binding.finished(MotorCursor(vault, self._delegate.get_keys()))

    @takes_callback
    def create_encrypted_collection(
        self,
        database: MotorDatabase[D],
        name: str,
        encrypted_fields: Mapping[str, Any],
        kms_provider: str | None = None,
        master_key: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> asyncio.Future[tuple[MotorCollection[D], Mapping[str, Any]]]:
        """Create a collection with encrypted fields, and data keys for those that have none.

        Args:
            database: The ``MotorDatabase``.
            name: The collection's name.
            encrypted_fields: The fields; one whose ``keyId`` is None gets a new key.
            kms_provider: Who guards new keys.
            master_key: The provider's key for them.
            **kwargs: As for ``create_collection``.

        Returns:
            A Future of the collection, and of the fields with all their keys.

        Raises:
            EncryptedCollectionError: (from the Future) It failed; the error has the keys that
                were made by then.
        """

        async def run() -> tuple[MotorCollection[D], Mapping[str, Any]]:
            _, fields = await self._delegate.create_encrypted_collection(
                delegate_of(database), name, encrypted_fields, kms_provider, master_key, **kwargs
            )
            return database[name], fields

        return self._binding.start(run)
