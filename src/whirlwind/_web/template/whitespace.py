"""White space between the directives of a template.

Layer: web.
"""

from __future__ import annotations

import re
from typing import Final

from whirlwind._base.late_pattern import late_pattern

MODES: Final = ("all", "single", "oneline")

_RUN: Final = late_pattern(r"\s+")
_BLANKS: Final = late_pattern(r"[\t ]+")


def filter_whitespace(mode: str, text: str) -> str:
    """Return ``text`` with its white space treated as ``mode`` says.

    Args:
        mode: ``"all"`` keeps everything; ``"single"`` makes of each run one blank, or one newline
            if there was a newline in it; ``"oneline"`` makes of each run one blank.
        text: The text of a template, between two directives.

    Raises:
        ValueError: There is no such mode.
    """
    if mode == "all":
        return text
    if mode == "single":
        return _RUN().sub(_single, text)
    if mode == "oneline":
        return _RUN().sub(" ", text)
    raise ValueError(f"invalid whitespace mode {mode}, not one of {', '.join(MODES)}")


def _single(run: re.Match[str]) -> str:
    # One pattern such as \s*\n\s* would take quadratic time for a long run without a newline.
    # What is neither blank nor tab nor newline (U+00A0 …) means something on a page: it stays.
    blanks = run[0]
    return "\n" if "\n" in blanks else _BLANKS().sub(" ", blanks)


def mode_for(name: str) -> str:
    """The mode of a template that nobody chose one for: HTML and scripts lose white space."""
    return "single" if name.endswith((".html", ".js")) else "all"
