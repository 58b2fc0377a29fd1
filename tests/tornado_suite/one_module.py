"""Runs one module of Tornado's suite: ``python one_module.py MODULE RESULT``.

Writes a JSON object to the file RESULT: for each test, by class and name, ``["passed", ""]`` or
another outcome and what there is to say about it.
"""

from __future__ import annotations

import json
import logging
import pathlib
import sys
import unittest
from types import TracebackType
from typing import TypeAlias

ErrorInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
)


class Outcomes(unittest.TestResult):
    """Keeps what became of each test; of several things, the worst."""

    def __init__(self) -> None:
        super().__init__()
        self.of: dict[str, tuple[str, str]] = {}

    def _note(self, test: unittest.TestCase, outcome: str, detail: str = "") -> None:
        # What failed may be no test, but what a class or a module sets up.
        is_test = isinstance(test, unittest.TestCase)
        name = ".".join(test.id().rsplit(".", 2)[-2:]) if is_test else test.id()
        if self.of.get(name, ("passed",))[0] in ("passed", "skipped"):
            self.of[name] = (outcome, detail)

    def addSuccess(self, test: unittest.TestCase) -> None:
        self._note(test, "passed")

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        self._note(test, "skipped", reason)

    def addFailure(self, test: unittest.TestCase, err: ErrorInfo) -> None:
        self._note(test, "failed", self._exc_info_to_string(err, test))  # type: ignore[attr-defined]

    addError = addFailure

    def addSubTest(
        self, test: unittest.TestCase, subtest: unittest.TestCase, err: ErrorInfo | None
    ) -> None:
        if err is not None:
            self.addFailure(test, err)

    def addExpectedFailure(self, test: unittest.TestCase, err: ErrorInfo) -> None:
        self._note(test, "passed")

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        self._note(test, "failed", "was expected to fail")


def main() -> None:
    module, result = sys.argv[1:]
    outcomes = Outcomes()
    # As the suite's own runner does: some tests expect lines of this level.
    logging.basicConfig(level=logging.INFO)
    # Each test fails for what it did not expect to be logged, and expects no lines of requests.
    logging.getLogger("tornado.access").setLevel(logging.CRITICAL)
    unittest.defaultTestLoader.loadTestsFromName(f"tornado.test.{module}").run(outcomes)
    pathlib.Path(result).write_text(json.dumps(outcomes.of), encoding="utf-8")


if __name__ == "__main__":
    main()
