"""Decodes percent-encoding, in time and memory linear in what a peer sent.

Layer: base. Imports from within ``_base`` only.

``urllib.parse.unquote`` keeps a string object for every piece between two escapes: up to 190
bytes of memory for each byte of a hostile input, measured on Python 3.11, so that a body of
100 MB takes the machine down. Here the pieces go into one growing buffer at once: 3 bytes for
each byte. For short input, where memory is no question, urllib is up to twice as fast.
"""

from __future__ import annotations

import io
import urllib.parse
from typing import Final

from whirlwind._base.late_pattern import late_pattern

# Characters up to which urllib decodes, in 200 KB at worst.
_SHORT: Final = 1000

# A run of escapes at a time: one round of the loop for text in another script.
_ESCAPES: Final = late_pattern(rb"(?:%[0-9A-Fa-f]{2})++")
_ASCII: Final = late_pattern(r"[\x00-\x7f]++")


def unquote_to_bytes(wire: bytes | bytearray) -> bytes:
    """Replace each ``%`` with two hexadecimal digits by the byte it stands for.

    Args:
        wire: Bytes as they stand in a URL. A ``%`` that two digits do not follow is kept.

    Source: RFC 3986, section 2.1.
    """
    if b"%" not in wire:
        return bytes(wire)
    if len(wire) <= _SHORT:
        return urllib.parse.unquote_to_bytes(bytes(wire))
    plain = bytearray()
    at = 0
    for escapes in _ESCAPES().finditer(wire):
        plain += wire[at : escapes.start()]
        plain += bytes.fromhex(escapes[0].replace(b"%", b"").decode("ascii"))
        at = escapes.end()
    plain += wire[at:]
    return bytes(plain)


def unquote(text: str, encoding: str) -> str:
    """Replace escapes in text by the characters that their bytes encode.

    Args:
        text: Text as it stands in a URL; what is not ASCII in it stays as it is.
        encoding: What the bytes are decoded by; those it does not allow become U+FFFD.
    """
    if "%" not in text:
        return text
    if len(text) <= _SHORT:
        return urllib.parse.unquote(text, encoding)
    plain = io.StringIO(newline="")
    at = 0
    # ASCII characters between escapes are decoded with them: in Shift-JIS, ``%83A`` is one
    # character.
    for run in _ASCII().finditer(text):
        plain.write(text[at : run.start()])
        ascii_text = run[0]
        if "%" in ascii_text:
            ascii_text = unquote_to_bytes(ascii_text.encode("ascii")).decode(encoding, "replace")
        plain.write(ascii_text)
        at = run.end()
    plain.write(text[at:])
    return plain.getvalue()
