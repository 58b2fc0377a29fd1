"""Events are values."""

from __future__ import annotations

from whirlwind._proto.websocket.events import Closed, Event, Ping, Pong


def test_events_are_compared_by_what_they_say_and_by_their_kind() -> None:
    assert Ping(b"x") == Ping(b"x")
    events: list[Event] = [Ping(b"x"), Pong(b"x")]
    assert events[0] != events[1]
    assert Closed(1000, None) != Closed(1000, "bye")
