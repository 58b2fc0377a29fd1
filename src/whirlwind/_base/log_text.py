"""Text that a peer chose, made fit for a line of a log.

Layer: base. Imports from ``_base`` only.

A log line is read by people on terminals and by programs that take it apart. A control character
in it can begin a second line, or move the cursor over the first (CVE-2020-7694); C1 controls
(U+0080 to U+009F) do so as well, and are what bytes of a URL become when read as Latin-1.
"""

from __future__ import annotations

from whirlwind._base.limits import MAX_LOGGED_TEXT


def log_text(text: str, most: int = MAX_LOGGED_TEXT) -> str:
    r"""Return text with what is not printable escaped, and cut where it is too long.

    >>> log_text("/a\nb")
    '/a\\nb'

    Args:
        text: What a peer sent, or what may hold such.
        most: Most characters of ``text`` to keep; how many were left out is said.
    """
    if len(text) <= most and text.isprintable():
        return text
    shown = "".join([c if c.isprintable() else repr(c)[1:-1] for c in text[:most]])
    left_out = len(text) - most
    return f"{shown}... ({left_out} more characters)" if left_out > 0 else shown
