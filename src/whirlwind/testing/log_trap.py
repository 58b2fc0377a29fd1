"""Logs that are shown only for tests that fail.

Layer: public package ``testing``.
"""

from __future__ import annotations

import logging
import unittest


class _Held(logging.Handler):
    """Keeps records until it is known whether anybody wants to see them."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


class LogTrapTestCase(unittest.TestCase):
    """A test case that holds back the log of each test and shows it if the test fails.

    A class of 4.x, for runners that show everything. pytest does this for every test, and
    ``unittest`` with ``--buffer``.
    """

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        root = logging.getLogger()
        shown = root.handlers[:]
        if not shown or not isinstance(result, unittest.TestResult):
            # Nobody would be shown anything; or nobody counts, as under pytest, which holds
            # back the log by itself.
            return super().run(result)
        held = _Held()
        root.handlers[:] = [held]
        before = len(result.failures) + len(result.errors)
        try:
            returned = super().run(result)
        finally:
            root.handlers[:] = shown
        if len(result.failures) + len(result.errors) > before:
            for record in held.records:
                root.handle(record)
        return returned
