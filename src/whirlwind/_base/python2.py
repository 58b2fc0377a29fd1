"""Names from the years when one program ran on Python 2 and on Python 3.

Layer: base. Standard library only.

Programs written to Tornado 4 still say them; each is what it was on Python 3.
"""

from __future__ import annotations

import sys
from typing import Final

PY3: Final = True

bytes_type = bytes
unicode_type = str
basestring_type = str

is_finalizing = sys.is_finalizing


def u(s: str) -> str:
    """Return ``s``; on Python 2 it made text of a literal without a prefix."""
    return s
