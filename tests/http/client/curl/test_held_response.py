"""What waits for the program's callbacks."""

from __future__ import annotations

from whirlwind._http.client.curl.held_response import HeldResponse


def test_items_come_out_in_the_order_in_which_they_went_in() -> None:
    held = HeldResponse()
    for item in ("HTTP/1.1 200 OK\r\n", "\r\n", b"a", b"b"):
        held.put(item)
    assert len(held) == 4
    assert [held.take() for _ in range(4)] == ["HTTP/1.1 200 OK\r\n", "\r\n", b"a", b"b"]
    assert not held


def test_there_is_room_up_to_the_limit_and_for_one_piece_of_any_size() -> None:
    held = HeldResponse()
    held.max_buffer_size = 10
    held.put("a header line does not count\r\n")
    assert held.has_room(11)
    held.put(b"1234")
    assert held.has_room(6)
    assert not held.has_room(7)
    held.take()
    held.take()
    assert held.has_room(11)
    held.put(b"1234")
    held.clear()
    assert held.has_room(11)
    assert len(held) == 0
