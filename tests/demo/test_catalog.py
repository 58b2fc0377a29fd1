"""What the page shows of the patterns' files."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from examples.guide import catalog

ENTRIES = catalog.load()
PATTERNS = Path(str(catalog.__file__)).parent / "patterns"


def test_there_are_seven_patterns_one_for_each_file() -> None:
    assert [entry.slug for entry in ENTRIES] == catalog.MODULES
    files = {path.stem for path in PATTERNS.glob("*.py")} - {"__init__"}
    assert set(catalog.MODULES) == files
    assert len(files) == 7


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry.slug))
def test_the_source_shown_is_the_file_that_runs(entry: catalog.Entry) -> None:
    lines = (PATTERNS / entry.file).read_text().splitlines()
    shown = re.findall(
        r'<span class="line" data-line="(\d+)">(.*?)\n</span>', entry.source, re.DOTALL
    )
    for number, markup in shown:
        assert html.unescape(re.sub(r"<[^>]+>", "", markup)) == lines[int(number) - 1]
    numbers = [int(number) for number, _ in shown]
    assert numbers == list(range(numbers[0], len(lines) + 1))
    # What is left out above is the docstring, which is the title and the lead.
    assert '"""' in lines[numbers[0] - 3]
    assert entry.title
    assert entry.lead


def test_strings_over_several_lines_and_markup_in_the_source_are_harmless() -> None:
    source = 'x = """<b>\n&"""\nif x < 2:\n    yield "</span>"\n'
    shown = catalog.highlight(source, start=0)
    assert html.unescape(re.sub(r"</?span[^>]*>", "", shown)) == source
    assert '<span class="yield">yield</span>' in shown
