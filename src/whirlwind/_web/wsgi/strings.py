"""The strings of WSGI: text in which each character stands for a byte.

Layer: web. Standard library only.

Source: PEP 3333, "A Note On String Types".
"""

from __future__ import annotations


def to_wsgi_str(s: bytes) -> str:
    """Return bytes as WSGI has them in its dictionary: each as the character of its number."""
    return s.decode("latin-1")


def from_wsgi_str(s: str) -> bytes:
    """Return the bytes that a string of WSGI stands for.

    Raises:
        UnicodeEncodeError: It is no such string: a character is above U+00FF.
    """
    return s.encode("latin-1")
