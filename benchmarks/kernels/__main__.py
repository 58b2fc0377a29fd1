"""Measures the kernels of WebSockets and of streams, compiled against interpreted.

    python -m benchmarks.kernels

A kernel whose compiled form is not 1.5 times as fast on what it is for loses its suffix
(docs/project/kernels.md).
"""

from __future__ import annotations

import os
import platform
import statistics
import timeit
from types import ModuleType

from tests.support.kernels import compiled_form, interpreted_form

FRAMES = "whirlwind._proto.websocket.frames_cy"
MASK = "whirlwind._proto.websocket.mask_cy"
BUFFER = "whirlwind._net.read_buffer_cy"
WHOLE = "whirlwind._net.whole_cy"
LINE = b"x" * 31 + b"\n"
REPEAT = 7
NUMBER = 5000


def nanoseconds(call: object, *args: object, number: int = NUMBER) -> tuple[float, float]:
    """Median of several rounds, and the spread between the quickest and the slowest."""
    timer = timeit.Timer("call(*args)", globals={"call": call, "args": args})
    rounds = [seconds / number * 1e9 for seconds in timer.repeat(REPEAT, number)]
    return statistics.median(rounds), max(rounds) - min(rounds)


def main() -> None:
    print(f"Python {platform.python_version()}, {platform.machine()}, median of {REPEAT} rounds")
    compiled: dict[str, ModuleType | None] = {name: compiled_form(name) for name in (FRAMES, MASK)}
    plain = {name: interpreted_form(name) for name in (FRAMES, MASK)}
    # The interpreted frames are to mask with the interpreted mask.
    vars(plain[FRAMES])["websocket_mask"] = plain[MASK].websocket_mask
    key = os.urandom(4)
    for size in (0, 64, 1000, 70_000):
        data = os.urandom(size)
        frame = plain[FRAMES].encode_frame(0x82, data, key)
        for kernel, function, args in (
            (MASK, "websocket_mask", (key, data)),
            (FRAMES, "decode_header", (frame, 0)),
            (FRAMES, "take_frame", (frame, 0, True)),
            (FRAMES, "encode_frame", (0x82, data, None)),
        ):
            slow, slow_spread = nanoseconds(getattr(plain[kernel], function), *args)
            line = f"{function:16} {size:6} bytes  interpreted {slow:9.0f} ns (±{slow_spread:.0f})"
            module = compiled[kernel]
            if module is not None:
                fast, spread = nanoseconds(getattr(module, function), *args)
                line += f"  compiled {fast:7.0f} ns (±{spread:.0f})  {slow / fast:.1f} times"
            print(line)
    for title, name, work in (
        ("256 lines", BUFFER, take_lines),
        ("append, take", BUFFER, append_and_take),
        ("1 MB whole", WHOLE, fill_whole),
    ):
        slow, slow_spread = nanoseconds(work, interpreted_form(name), number=500)
        line = f"{title:16} {'':12}  interpreted {slow:9.0f} ns (±{slow_spread:.0f})"
        module = compiled_form(name)
        if module is not None:
            fast, spread = nanoseconds(work, module, number=500)
            line += f"  compiled {fast:7.0f} ns (±{spread:.0f})  {slow / fast:.1f} times"
        print(line)


def take_lines(kernel: ModuleType) -> None:
    """What ``read_until`` does with a chunk that holds many lines."""
    buffer = kernel.ReadBuffer()
    buffer.append(LINE * 256)
    for _ in range(256):
        buffer.take_until(b"\n", None)


def append_and_take(kernel: ModuleType) -> None:
    """What a read of a message does that arrives whole, behind another."""
    buffer = kernel.ReadBuffer()
    buffer.append(LINE)
    buffer.take(16)
    buffer.take(16)


def fill_whole(kernel: ModuleType) -> None:
    """What a large read does around the file's own work."""
    whole = kernel.Whole(1_000_000)
    whole.view().release()
    whole.finish()


if __name__ == "__main__":
    main()
