"""Makes ``docs/project/conformance.md`` from the table: ``python -m tests.conformance.page``."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from tests.conformance.case import Answered, Case, Refused, Silent, Verdict
from tests.conformance.table import CASES, RULES

PAGE = Path(__file__).parents[2] / "docs" / "project" / "conformance.md"

HEAD = """\
# Conformance

What HTTP asks of a server, and what whirlwind's does. This page is made from the table in
`tests/conformance/` (`python -m tests.conformance.page`), and a test holds that it is up to date.

Each case is some bytes and a verdict: the program gets the request as described; or it is refused
with a status and the end of the connection; or the answer itself is looked at. Each runs over a
socket, on a `web.Application`, on a function that takes whole requests and on a delegate that
takes them piece by piece, as far as it concerns them. A second, different request follows on the
same connection: it must be seen as what it is, or, after a refusal, not at all. And each is fed to
a connection cut in two at every byte, and byte by byte, which must change nothing.

Where Tornado's own suite asks for something else than an RFC, the suite wins, and the reason is
below.
"""


FOOT = """\
What concerns files (`Range`, `If-Range`, `If-Modified-Since` against a date) is tested with the
handler for static files.
"""


def outcome(verdict: Verdict) -> str:
    """A verdict in a word or two."""
    if isinstance(verdict, Refused):
        return f"{verdict.status}, closed"
    if isinstance(verdict, Silent):
        return "closed, not taken"
    if isinstance(verdict, Answered):
        return f"{verdict.status}" + (", closed" if verdict.closes else "")
    return "taken" + (", then closed" if verdict.closes else "")


def name(section: str) -> str:
    number, _, rest = section.partition(" ")
    return f"RFC {number}, {rest}"


def cell(text: str) -> str:
    shown = "".join([c if c.isprintable() else repr(c)[1:-1] for c in text])
    return shown.replace("|", "\\|").replace("<", "&lt;")


def order(section: str) -> tuple[int, ...]:
    return tuple(int(part) for part in section.replace(" ", ".").split("."))


def rows(header: list[str], lines: list[list[str]]) -> str:
    table = [header, ["---"] * len(header), *lines]
    return "\n".join(["| " + " | ".join(line) + " |" for line in table]) + "\n"


def render() -> str:
    """The whole page."""
    cases = sorted(CASES, key=lambda case: order(case.section))
    counts = []
    total = [0, 0, 0]
    for section, group in groupby(cases, key=lambda case: case.section):
        levels = [case.level for case in group]
        numbers = [levels.count(level) for level in ("MUST", "SHOULD", "MAY")]
        total = [a + b for a, b in zip(total, numbers, strict=True)]
        counts.append([name(section), *map(str, numbers)])
    counts.append(["all", *map(str, total)])
    differs = [case for case in cases if case.differs]
    parts = [
        HEAD,
        "## Cases by section\n",
        rows(["Section", "MUST", "SHOULD", "MAY"], counts),
        "## Cases that go another way\n",
        "What the rule asks for is not what happens, on purpose.\n",
        rows(
            ["Section", "Level", "Rule", "Case", "What happens", "Why"],
            [
                [
                    name(case.section),
                    case.level,
                    cell(case.rule),
                    cell(case.id),
                    outcome(case.verdict),
                    cell(case.differs),
                ]
                for case in differs
            ],
        ),
        "## SHOULD and MAY, with a case\n",
        rows(["Section", "Level", "Rule", "What happens"], _recommended(cases)),
        "## Rules without a case\n",
        "What no bytes can show, and what is left to the program.\n",
        rows(
            ["Section", "Level", "Rule", "Followed", "How, or why not"],
            [
                [name(r.section), r.level, cell(r.rule), "yes" if r.followed else "no", cell(r.why)]
                for r in sorted(RULES, key=lambda rule: order(rule.section))
            ],
        ),
        FOOT,
    ]
    return "\n".join(parts)


def _recommended(cases: list[Case]) -> list[list[str]]:
    lines = []
    chosen = [case for case in cases if case.level != "MUST"]
    for (section, level, rule), group in groupby(
        chosen, key=lambda case: (case.section, case.level, case.rule)
    ):
        outcomes = dict.fromkeys(outcome(case.verdict) for case in group)
        lines.append([name(section), level, cell(rule), "; ".join(outcomes)])
    return lines


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
