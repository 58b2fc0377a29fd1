"""A stream whose peer says its last and is gone in the same moment."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.leftovers import nothing_is_left
from tests.support.scripted_http import run
from tests.support.streams import reset, tcp_sockets, turns, within

from whirlwind.iostream import IOStream, StreamClosedError


@pytest.mark.parametrize("last", [b"", b"half a line"])
def test_bytes_and_a_reset_that_come_together_end_the_read(last: bytes) -> None:
    """libuv stops watching at an error, and has told of the bytes by then."""

    async def main() -> None:
        async with nothing_is_left():
            ours, theirs = tcp_sockets()
            stream = IOStream(ours)
            reading = asyncio.ensure_future(stream.read_until(b"\n"))
            await turns(3)
            theirs.send(last)
            reset(theirs)
            with pytest.raises(StreamClosedError) as caught:
                await within(reading)
            assert isinstance(caught.value.real_error, ConnectionResetError)
            del caught, reading

    run(main())
