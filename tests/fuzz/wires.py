"""What is done to good bytes on their way: some change, and they are cut anywhere."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st

_damage = st.lists(
    st.tuples(
        st.integers(0, 400), st.sampled_from([b"", b"\r", b"\n", b"\0", b" ", b"\t", b":", b"a"])
    ),
    max_size=2,
)

#: Bodies in every framing, right ones and wrong ones.
BODIES = [
    *[b"", b"hello", b"hellohellohello", b"5\r\nhello\r\n", b"0\r\n\r\n"],
    *[b"5\r\nhello\r\n0\r\n\r\n", b"5;a=b\r\nhello\r\n", b"5;a\r\nhello\r\n", b"05\r\nhello\r\n"],
    *[b"5\r\nhello0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"0\r\nX : y\r\n\r\n", b"0x5\r\nhello\r\n"],
    *[b"-1\r\n", b"a\r\n0123456789\r\n", b"5\nhello\n0\n\n", b"5\rhello", b"\r\n"],
    *[b"f" * 16 + b"\r\n", b'5;a="b"\r\nhello\r\n'],
]


@st.composite
def messages(draw: st.DrawFn, one: st.SearchStrategy[bytes], most: int) -> bytes:
    """One to ``most`` messages one after the other, with a few bytes changed."""
    wire = b"".join(draw(st.lists(one, min_size=1, max_size=most)))
    for at, byte in draw(_damage):
        at %= len(wire) + 1
        wire = wire[:at] + byte + wire[at + draw(st.integers(0, 1)) :]
    return wire


def pieces_of(wire: bytes, cuts: list[int]) -> list[bytes]:
    """Pieces of some bytes, none of them empty."""
    places = sorted({0, len(wire), *[at % (len(wire) + 1) for at in cuts]})
    return [wire[a:b] for a, b in pairwise(places)]
