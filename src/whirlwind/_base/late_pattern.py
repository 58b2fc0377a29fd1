"""Regular expressions that are compiled when they are first used.

Layer: base. Standard library only.

Compiling one takes as long as importing a small module, and most programs never use most of
them. Those that an ordinary request needs are compiled where they stand.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import AnyStr


def late_pattern(pattern: AnyStr, flags: int = 0) -> Callable[[], re.Pattern[AnyStr]]:
    """Return a function that returns the compiled pattern, always the same object.

    Args:
        pattern: As for ``re.compile``.
        flags: As for ``re.compile``.
    """
    return functools.cache(functools.partial(re.compile, pattern, flags))
