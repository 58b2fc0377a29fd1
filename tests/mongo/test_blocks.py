"""``async with`` closes, and ``with`` is told what to write."""

from __future__ import annotations

import asyncio

import pytest

from whirlwind.mongo.blocks import ClosedAfterBlock, NoPlainBlock


class Thing(ClosedAfterBlock, NoPlainBlock):
    _instead = "write 'async with' for a thing"
    closed = False

    def close(self) -> asyncio.Future[None]:
        self.closed = True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future


def test_the_end_of_the_block_closes_after_an_error_as_well() -> None:
    async def main() -> None:
        thing = Thing()
        async with thing as inside:
            assert inside is thing
        assert thing.closed
        other = Thing()
        with pytest.raises(KeyError):
            async with other:
                raise KeyError("left by an error")
        assert other.closed

    asyncio.run(main())


def test_a_block_without_async_is_told_what_to_write() -> None:
    with pytest.raises(AttributeError, match=r"write .async with. for a thing"):
        Thing().__enter__()
