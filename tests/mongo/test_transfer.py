"""Sources and destinations of every kind."""

from __future__ import annotations

import asyncio
import io
import threading
from pathlib import Path
from typing import Any

import pytest

from whirlwind.mongo.transfer import Source, readable, write_to


class Stream:
    """Gives what has arrived, never as much as was asked for; its ``read`` is no coroutine."""

    def __init__(self) -> None:
        self.left = [b"12", b"34", b"5"]

    def read(self, size: int) -> asyncio.Future[bytes]:
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        future.set_result(self.left.pop(0)[:size] if self.left else b"")
        return future


def test_a_stream_is_read_until_it_has_what_was_asked_for() -> None:
    async def scene() -> None:
        source = readable(Stream())
        assert await source.read(4) == b"1234"
        assert await source.read(4) == b"5"
        assert await source.read(4) == b""

    asyncio.run(scene())


def test_files_are_read_and_written_on_a_thread(tmp_path: Path) -> None:
    threads = []

    class File(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            threads.append(threading.current_thread())
            return super().read(-1 if size is None else size)

        def write(self, data: Any, /) -> int:
            threads.append(threading.current_thread())
            return super().write(bytes(data)[:3])  # a raw file may take a part

    async def scene() -> None:
        with File(tmp_path / "file", "w") as file:
            await write_to(file, b"12345678")
        with File(tmp_path / "file") as file:
            assert await readable(file).read(100) == b"12345678"

    asyncio.run(scene())
    assert len(threads) >= 4
    assert threading.current_thread() not in threads


def test_a_buffer_in_memory_needs_no_thread() -> None:
    class Buffer(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert threading.current_thread() is threading.main_thread()
            return super().read(size)

    async def scene() -> None:
        assert await readable(Buffer(b"text")).read(3) == b"tex"

    asyncio.run(scene())


def test_a_destination_that_is_waited_for() -> None:
    taken = []

    class Slow:
        async def write(self, data: bytes) -> None:
            await asyncio.sleep(0)
            taken.append(data)

    class Plain:
        def write(self, data: bytes) -> int:
            taken.append(data)
            return len(data)

    async def scene() -> None:
        await write_to(Slow(), b"one")
        await write_to(Plain(), b"two")

    asyncio.run(scene())
    assert taken == [b"one", b"two"]


def test_bytes_of_any_type_are_bytes_and_the_rest_is_left_as_it_is() -> None:
    assert readable(bytearray(b"1")) == readable(memoryview(b"1")) == readable(b"1") == b"1"
    assert readable("text") == "text"
    assert readable(5) == 5
    assert isinstance(readable(io.BytesIO()), Source)


def test_a_source_of_text_is_refused() -> None:
    async def scene() -> None:
        with pytest.raises(TypeError, match="bytes, not str"):
            await readable(io.StringIO("text")).read(3)

    asyncio.run(scene())
