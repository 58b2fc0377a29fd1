"""Measures the kernels of WebSockets, compiled against interpreted.

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
REPEAT = 7
NUMBER = 5000


def nanoseconds(call: object, *args: object) -> tuple[float, float]:
    """Median of several rounds, and the spread between the quickest and the slowest."""
    timer = timeit.Timer("call(*args)", globals={"call": call, "args": args})
    rounds = [seconds / NUMBER * 1e9 for seconds in timer.repeat(REPEAT, NUMBER)]
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


if __name__ == "__main__":
    main()
