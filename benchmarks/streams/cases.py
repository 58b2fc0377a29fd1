"""What is measured: how the bytes go, and how many of them. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

SMALL = 64  # bytes
LARGE = 65_536
FRAME = 100_000_000
TOTAL = 1_000_000_000
LINE = b"x" * 31 + b"\n"
LINES_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Case:
    """One way of using a connection.

    Attributes:
        title: For the report.
        kind: What both sides do: ``echo``, ``echo lines``, ``lines``, ``frames``,
            ``frames into``, ``receive`` or ``send``.
        size: Bytes of a message, where there are messages.
        count: Messages on all connections together.
        unit: What the figures are for: one message, or one gigabyte.
        connections: How many at once.
        tls: Whether the bytes are encrypted.
        small: Whether it is one of the rows of small messages.
    """

    title: str
    kind: str
    size: int
    count: int
    unit: str = "message"
    connections: int = 1
    tls: bool = False
    small: bool = False


CASES = {
    "echo": Case("echo of 64 bytes", "echo", SMALL, 20_000, small=True),
    "echo-many": Case(
        "echo of 64 bytes, 50 connections", "echo", SMALL, 40_000, connections=50, small=True
    ),
    "echo-large": Case("echo of 64 KiB", "echo", LARGE, 4_000),
    "line": Case("a line, one at a time", "echo lines", len(LINE), 20_000, small=True),
    "lines": Case("lines, 256 in a segment", "lines", len(LINE), 256_000, small=True),
    "frames": Case("100 MB frames, read_bytes", "frames", FRAME, 6, "GB"),
    "frames-into": Case("100 MB frames, read_into", "frames into", FRAME, 6, "GB"),
    "receive": Case("1 GB in, 64 KiB a read", "receive", LARGE, TOTAL // LARGE, "GB"),
    "send": Case("1 GB out, 64 KiB a write", "send", LARGE, TOTAL // LARGE, "GB"),
    "tls-echo": Case("TLS, echo of 64 bytes", "echo", SMALL, 10_000, tls=True, small=True),
    "tls-echo-large": Case("TLS, echo of 64 KiB", "echo", LARGE, 1_500, tls=True),
}
