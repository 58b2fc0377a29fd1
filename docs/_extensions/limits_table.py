"""Writes the table of limits into docs/reference/limits.md while Sphinx reads it.

The page holds the line ``MARK``; the table comes from ``whirlwind._base.limits``, so it cannot
say anything but what the code does.
"""

from typing import Any

from whirlwind._base.limits import TABLE, Limit

MARK = "<!-- the table of limits -->"


def row(limit: Limit) -> str:
    """One line of the table."""
    value = f"{limit.value:,}".replace(",", " ")
    setting = f"`{limit.setting}`" if limit.setting else "-"
    return f"| `{limit.name}` | {value} | {limit.unit} | {setting} | {limit.origin} |"


def table() -> str:
    """The whole table, in Markdown."""
    head = "| Limit | Value | Of what | Setting | Why this number |\n|---|--:|---|---|---|\n"
    return head + "\n".join(row(limit) for limit in TABLE.values())


def fill(_app: Any, docname: str, source: list[str]) -> None:
    """Sphinx's event ``source-read``."""
    if docname == "reference/limits":
        if MARK not in source[0]:
            raise ValueError(f"{docname} has no line {MARK!r} for the table of limits")
        source[0] = source[0].replace(MARK, table())


def setup(app: Any) -> dict[str, bool]:
    """Sphinx's entry."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True}
