"""The body of a response: kept or handed on, decoded or not, and never after its fetch ended."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest

from whirlwind._http.client.received_body import ReceivedBody
from whirlwind._proto.http.errors import HTTPInputError


class Owner:
    """Whose body it is: remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def body_complete(self) -> None:
        self.told.append("complete")

    def body_failed(self, error: BaseException) -> None:
        self.told.append(f"failed: {error}")

    def callback_failed(self, error: BaseException) -> None:
        self.told.append(f"callback failed: {error}")


def body(owner: Owner, stream: Any = None, coding: str | None = None) -> ReceivedBody:
    return ReceivedBody(asyncio.get_running_loop(), None, owner, stream, coding, 1000)


def run(main: Any) -> None:
    asyncio.run(main())


def test_a_body_is_kept_as_it_comes() -> None:
    async def main() -> None:
        owner = Owner()
        received = body(owner)
        received.feed(b"a")
        received.feed(b"b")
        assert received.finish()
        assert (received.pieces, received.is_decoded, owner.told) == ([b"a", b"b"], False, [])

    run(main)


def test_a_coding_that_nobody_knows_is_left_as_it_is() -> None:
    async def main() -> None:
        for coding, known in (("gzip", True), ("rot13", False)):
            received = body(Owner(), coding=coding)
            assert received.is_decoded is known
            received.feed(gzip.compress(b"hello"))
            assert received.finish()
            assert (b"".join(received.pieces) == b"hello") is known

    run(main)


def test_a_body_that_is_cut_off_is_an_error() -> None:
    async def main() -> None:
        received = body(Owner(), coding="gzip")
        received.feed(gzip.compress(b"hello")[:-4])
        with pytest.raises(HTTPInputError):
            received.finish()

    run(main)


@pytest.mark.parametrize("coding", [None, "gzip"])
def test_the_end_waits_for_a_callback_that_is_waited_for(coding: str | None) -> None:
    async def main() -> None:
        owner = Owner()
        taken: list[bytes] = []
        gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def take(piece: bytes) -> asyncio.Future[None]:
            taken.append(piece)
            return gate

        received = body(owner, take, coding)
        received.feed(b"hello" if coding is None else gzip.compress(b"hello"))
        assert not received.finish()
        assert owner.told == []
        gate.set_result(None)
        for _ in range(5):
            await asyncio.sleep(0)
        assert (owner.told, taken, received.pieces) == (["complete"], [b"hello"], [])

    run(main)


def test_nobody_is_told_anything_after_the_fetch_has_ended() -> None:
    async def main() -> None:
        owner = Owner()
        gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        received = body(owner, lambda piece: gate)
        received.feed(b"a")
        assert not received.finish()
        received.stop()
        gate.set_result(None)
        for _ in range(5):
            await asyncio.sleep(0)
        assert owner.told == []

    run(main)
