"""The Python of a page of documentation, in the order in which a reader would run it.

Visible blocks are fenced with ```` ```python ````. What a page does not show, such as a server
to talk to, stands in comments that no renderer shows::

    <!-- setup
    url = upstream.url + "/page/first"
    -->

A visible block may hold what cannot be true in a test, such as a port; this comment, above it,
replaces the text by the value of a name, in all blocks that follow::

    <!-- in tests, 8888 is port -->
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FENCE = re.compile(r"^ {0,3}(`{3,})\s*(.*?)\s*$")
_REPLACE = re.compile(r"^<!-- in tests, (.+) is (\w+) -->$")

#: Words after a fence for text that is not to be run.
NOT_RUN = {"", "text", "sh", "console", "toml", "json", "html"}


class PageError(Exception):
    """A page has a block that is neither run nor known not to be run."""


@dataclass(frozen=True)
class Block:
    """Some Python of a page.

    Attributes:
        line: Where it starts, counted from 1.
        code: The Python.
        replace: Pairs of text and name: the text stands for the value of the name.
    """

    line: int
    code: str
    replace: tuple[tuple[str, str], ...]


def blocks_of(path: Path) -> list[Block]:
    """Read the blocks of a page.

    Raises:
        PageError: A fence names a language that is neither Python nor in ``NOT_RUN``, or a
            block has no end.
    """
    blocks: list[Block] = []
    replace: list[tuple[str, str]] = []
    numbered = iter(enumerate(path.read_text(encoding="utf-8").splitlines(), 1))

    def collect(start: int, end: str) -> str:
        lines: list[str] = []
        for _, line in numbered:
            if line.strip() == end:
                return "\n".join(lines) + "\n"
            lines.append(line)
        raise PageError(f"{path.name}:{start}: a block without {end}")

    for number, line in numbered:
        if fence := _FENCE.match(line):
            code = collect(number, fence[1])
            if fence[2] == "python":
                blocks.append(Block(number + 1, code, tuple(replace)))
            elif fence[2] not in NOT_RUN and not fence[2].startswith("{"):
                raise PageError(f"{path.name}:{number}: nothing is known about {fence[2]!r}")
            elif "python" in fence[2]:
                raise PageError(f"{path.name}:{number}: a block of Python that no test runs")
        elif line.strip() == "<!-- setup":
            blocks.append(Block(number + 1, collect(number, "-->"), ()))
        elif found := _REPLACE.match(line):
            replace.append((found[1], found[2]))
    return blocks


def run_page(path: Path, namespace: dict[str, Any]) -> int:
    """Run a page's blocks one after the other in one namespace.

    Tracebacks and failed assertions point into the page.

    Returns:
        How many blocks were run.
    """
    blocks = blocks_of(path)
    for block in blocks:
        code = block.code
        for text, name in block.replace:
            code = code.replace(text, str(namespace[name]))
        exec(compile("\n" * (block.line - 1) + code, path, "exec", dont_inherit=True), namespace)
    return len(blocks)
