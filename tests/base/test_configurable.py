"""Classes whose constructor picks the class to build."""

from __future__ import annotations

from typing import Any

import pytest

from whirlwind.util import Configurable


class Store(Configurable):
    @classmethod
    def configurable_base(cls) -> type[Configurable]:
        return Store

    @classmethod
    def configurable_default(cls) -> type[Configurable]:
        return MemoryStore


class MemoryStore(Store):
    def initialize(self, size: int = 1) -> None:
        self.size = size


class FileStore(Store):
    def initialize(self, path: str, *, mode: str = "r") -> None:
        self.path = path
        self.mode = mode


class CompressedStore(FileStore):
    """Base of a smaller family inside the larger one."""

    @classmethod
    def configurable_base(cls) -> type[Configurable]:
        return CompressedStore

    @classmethod
    def configurable_default(cls) -> type[Configurable]:
        return ZipStore


class ZipStore(CompressedStore):
    pass


@pytest.fixture(autouse=True)
def _nothing_configured() -> Any:
    yield
    Store.configure(None)
    CompressedStore.configure(None)


def test_the_default_is_built_where_nothing_was_configured() -> None:
    built = Store(size=3)
    assert type(built) is MemoryStore
    assert built.size == 3
    assert Store.configured_class() is MemoryStore


def test_what_was_configured_is_built_with_its_arguments_under_the_callers() -> None:
    Store.configure(FileStore, mode="w")
    assert (Store("a").path, Store("a").mode) == ("a", "w")
    assert Store("a", mode="x").mode == "x"


def test_a_name_is_as_good_as_a_class() -> None:
    Store.configure(f"{__name__}.FileStore")
    assert Store.configured_class() is FileStore


def test_an_implementation_builds_itself_without_the_configured_arguments() -> None:
    Store.configure(FileStore, mode="w")
    assert FileStore("a").mode == "r"
    assert type(MemoryStore()) is MemoryStore


def test_none_brings_the_default_back() -> None:
    Store.configure(FileStore)
    Store.configure(None)
    assert type(Store()) is MemoryStore


def test_only_subclasses_can_be_configured() -> None:
    with pytest.raises(ValueError, match="Invalid subclass"):
        Store.configure(Configurable)
    with pytest.raises(ImportError):
        Store.configure("nowhere.Store")
    assert type(Store()) is MemoryStore


def test_an_implementation_that_is_a_base_chooses_again() -> None:
    Store.configure(CompressedStore)
    assert type(Store("a")) is ZipStore


def test_a_family_inside_another_has_a_choice_of_its_own() -> None:
    Store.configure(FileStore, mode="w")
    assert type(CompressedStore("a")) is ZipStore
    assert CompressedStore("a").mode == "r"


def test_configuration_can_be_saved_and_restored() -> None:
    Store.configure(FileStore, mode="w")
    saved = Store._save_configuration()
    Store.configure(None)
    Store._restore_configuration(saved)
    assert Store("a").mode == "w"


def test_a_family_without_a_base_says_so() -> None:
    class Unfinished(Configurable):
        pass

    with pytest.raises(NotImplementedError):
        Unfinished()
