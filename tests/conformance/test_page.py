"""The page says what the table says."""

from __future__ import annotations

from tests.conformance.page import PAGE, render
from tests.conformance.table import CASES, RULES


def test_the_page_is_made_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run python -m tests.conformance.page"


def test_what_is_not_followed_has_a_reason() -> None:
    assert all(rule.why for rule in RULES)
    # A case that goes another way than its rule is one of few, or the rules are not followed.
    assert sum(bool(case.differs) for case in CASES if case.level == "MUST") < 12


def test_there_are_as_many_cases_as_the_rules_ask_for() -> None:
    assert sum(case.level == "MUST" for case in CASES) > 400
