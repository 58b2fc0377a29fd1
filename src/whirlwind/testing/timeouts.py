"""How long a test may wait.

Layer: public package ``testing``.
"""

from __future__ import annotations

import os
from typing import Final

_DEFAULT: Final = 5.0


def get_async_test_timeout() -> float:
    """Return how long, in seconds, a test waits before it fails.

    Returns:
        The environment variable ``ASYNC_TEST_TIMEOUT`` if it holds a number, for slow machines
        and for debugging; else 5.
    """
    try:
        return float(os.environ["ASYNC_TEST_TIMEOUT"])
    except (KeyError, ValueError):
        return _DEFAULT
