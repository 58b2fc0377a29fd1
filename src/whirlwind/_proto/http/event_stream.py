"""Events as ``text/event-stream`` has them: the lines that an ``EventSource`` reads.

Layer: protocols. Imports from ``_base`` only.

An event is a run of lines, ``name: value``, and ends with an empty one. A line ends with CRLF, LF
or CR, whichever comes, so that none of them can stand in a value: data is cut there and sent as
several lines, which the reader joins with LF; in a name or an id it is an error, for what follows
would be read as a line of its own.
"""

from __future__ import annotations

from typing import Final

from whirlwind._base.late_pattern import late_pattern

# Not what ``str.splitlines`` takes for line ends.
_LINE_END: Final = late_pattern(r"\r\n|\r|\n")
# A reader ignores an id with U+0000.
_UNSAFE_ID: Final = late_pattern(r"[\r\n\x00]")


def encode_event(
    data: str | None = None,
    *,
    event: str | None = None,
    id: str | None = None,
    retry: int | None = None,
) -> bytes:
    """Return one event as it is sent.

    Args:
        data: Its text. Line ends in it reach the reader as LF. None for an event that only tells
            the reader an ``id`` or a ``retry`` and is shown to no listener.
        event: Its type; None for ``message``.
        id: What the reader sends as ``Last-Event-ID`` when it connects again; an empty string
            makes it forget the last one. None changes nothing.
        retry: Milliseconds, 0 or more, that the reader waits before it connects again.

    Raises:
        ValueError: ``event`` or ``id`` holds a line end, ``id`` a NUL, ``retry`` is negative, or
            a text cannot be encoded as UTF-8.

    Source: WHATWG HTML, sections 9.2.5 and 9.2.6.
    """
    lines = []
    if event is not None:
        if _LINE_END().search(event):
            raise ValueError(f"the event type {event[:40]!r} holds a line end")
        lines.append(f"event: {event}\n")
    if id is not None:
        if _UNSAFE_ID().search(id):
            raise ValueError(f"the event id {id[:40]!r} holds a line end or a NUL")
        lines.append(f"id: {id}\n")
    if retry is not None:
        if retry < 0:
            raise ValueError(f"retry is {retry}: expected milliseconds, 0 or more")
        lines.append(f"retry: {int(retry)}\n")
    if data is not None:
        # The reader takes one space off, if there is one: without ours, it would be the data's.
        lines += [f"data: {line}\n" for line in _LINE_END().split(data)]
    lines.append("\n")
    return "".join(lines).encode()


def encode_comment(text: str = "") -> bytes:
    """Return a comment: lines that every reader skips, and that keep a connection in use.

    Args:
        text: Anything; of several lines each becomes a comment.

    Source: WHATWG HTML, section 9.2.7.
    """
    lines = [f": {line}\n" if line else ":\n" for line in _LINE_END().split(text)]
    return ("".join(lines) + "\n").encode()
