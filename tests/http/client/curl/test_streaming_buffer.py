"""What stands between libcurl and the program's callback; the whole way is in ``test_fetch``."""

from __future__ import annotations

import pycurl
import pytest

from whirlwind._http.client.curl.streaming_buffer import StreamingBuffer


class Client:
    """A client that notes when libcurl is to be called."""

    max_body_size = 100

    def __init__(self) -> None:
        self.timeouts: list[int] = []

    def _set_timeout(self, milliseconds: int) -> None:
        self.timeouts.append(milliseconds)


class Handle:
    """A handle that notes what it is told, and may have to write what it held at once."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.error: pycurl.error | None = None

    def pause(self, what: int) -> None:
        self.told.append(what)
        if self.error is not None:
            raise self.error


def buffer_of(size: int, taken: list[bytes]) -> tuple[StreamingBuffer, Client, Handle]:
    client, handle = Client(), Handle()
    buffer = StreamingBuffer(client, handle, taken.append)
    buffer.max_buffer_size = size
    return buffer, client, handle


def test_pieces_are_handed_on_in_order_when_it_is_flushed() -> None:
    taken: list[bytes] = []
    buffer, client, handle = buffer_of(10, taken)
    assert [buffer.write(piece) for piece in (b"ab", b"c")] == [2, 1]
    assert taken == []
    buffer.flush()
    assert taken == [b"ab", b"c"]
    assert handle.told == client.timeouts == []  # it was never paused


def test_there_is_room_up_to_the_limit_and_for_one_piece_of_any_size() -> None:
    taken: list[bytes] = []
    buffer, client, handle = buffer_of(10, taken)
    assert buffer.write(b"x" * 11) == 11
    assert buffer.write(b"a") == pycurl.WRITEFUNC_PAUSE
    held = buffer.paused
    buffer.flush()
    assert len(taken) == 1
    assert (held, buffer.paused) == (True, False)
    assert handle.told == [pycurl.PAUSE_CONT]
    assert client.timeouts == [0]
    assert [buffer.write(b"12345") for _ in range(3)] == [5, 5, pycurl.WRITEFUNC_PAUSE]
    buffer.clear()
    assert not buffer.paused
    buffer.flush()
    assert len(taken) == 1
    assert buffer.write(b"1234567890") == 10


def test_a_callback_that_is_busy_keeps_libcurl_paused() -> None:
    taken: list[bytes] = []
    buffer, client, handle = buffer_of(2, taken)
    buffer.write(b"ab")
    buffer.write(b"c")
    buffer.blocked = True
    buffer.flush()
    assert taken == [b"ab"]
    assert handle.told == []
    assert buffer.paused
    buffer.blocked = False
    buffer.go_on()
    assert handle.told == [pycurl.PAUSE_CONT]
    assert client.timeouts == [0]


def test_an_error_of_what_libcurl_held_is_kept_for_whoever_ends_the_transfer() -> None:
    buffer, client, handle = buffer_of(2, [])
    handle.error = pycurl.error(pycurl.E_WRITE_ERROR, "refused")
    buffer.write(b"ab")
    buffer.write(b"c")
    buffer.flush()
    assert not buffer.paused
    assert buffer.error is handle.error
    assert client.timeouts == []


def test_a_body_is_taken_up_to_the_clients_limit() -> None:
    buffer, client, _ = buffer_of(1000, [])
    client.max_body_size = 6
    assert buffer.write(b"123456") == 6
    assert not buffer.body_too_large
    assert buffer.write(b"7") == 0
    assert buffer.body_too_large


def test_what_is_behind_a_piece_that_failed_is_handed_on_next() -> None:
    taken: list[bytes] = []

    def take(piece: bytes) -> None:
        if piece == b"bad":
            raise ZeroDivisionError
        taken.append(piece)

    buffer = StreamingBuffer(Client(), Handle(), take)
    for piece in (b"a", b"bad", b"b"):
        buffer.write(piece)
    with pytest.raises(ZeroDivisionError):
        buffer.flush()
    assert taken == [b"a"]
    buffer.flush()
    assert taken == [b"a", b"b"]
