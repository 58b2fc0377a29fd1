"""Queues whose methods a program has overridden or replaced."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from whirlwind.queues import Queue, QueueEmpty, QueueFull


class Noting(Queue[int]):
    """Says what goes in and out."""

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self.seen: list[tuple[str, int]] = []

    def put_nowait(self, item: int) -> None:
        super().put_nowait(item)
        self.seen.append(("in", item))

    def get_nowait(self) -> int:
        item = super().get_nowait()
        self.seen.append(("out", item))
        return item


def test_put_and_get_go_through_the_methods_that_do_not_wait() -> None:
    async def main() -> None:
        queue = Noting()
        await queue.put(1)
        assert await queue.get() == 1
        waiting = queue.get()
        await queue.put(2)
        assert await waiting == 2
        assert queue.seen == [("in", 1), ("out", 1), ("in", 2)]

    asyncio.run(main())


class Picky(Queue[Any]):
    """Has no room for a while, and no items, whatever it holds."""

    open = False

    def put_nowait(self, item: Any) -> None:
        if not self.open:
            raise QueueFull
        super().put_nowait(item)

    def get_nowait(self) -> Any:
        if not self.open:
            raise QueueEmpty
        return super().get_nowait()


def test_what_such_a_method_refuses_waits() -> None:
    async def main() -> None:
        queue = Picky()
        putting = queue.put("a")
        getting = queue.get()
        await asyncio.sleep(0)
        assert not putting.done()
        assert not getting.done()
        queue.open = True
        await queue.put("b")
        assert await getting == "b"
        assert await queue.get() == "a"
        await putting

    asyncio.run(main())


@pytest.mark.parametrize("error", [KeyError("in"), ValueError("out")])
def test_an_error_of_such_a_method_is_raised_where_it_was_called(error: Exception) -> None:
    async def main() -> None:
        queue: Queue[int] = Queue()

        def refuse(*_item: int) -> Any:
            raise error

        for name in ("put_nowait", "get_nowait"):
            setattr(queue, name, refuse)
        with pytest.raises(type(error)):
            queue.put(1)
        Queue.put_nowait(queue, 1)
        with pytest.raises(type(error)):
            queue.get()

    asyncio.run(main())
