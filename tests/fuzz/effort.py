"""How long to look: a fixed set of examples as a rule, as many new ones as asked for otherwise.

``WHIRLWIND_FUZZ_EXAMPLES=100000 python -m pytest tests/fuzz`` looks for an hour or two.
"""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings

_WANTED: Final = os.environ.get("WHIRLWIND_FUZZ_EXAMPLES")

#: Decorator for every test of this folder.
effort: Final = settings(
    max_examples=int(_WANTED or 150),
    derandomize=_WANTED is None,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
