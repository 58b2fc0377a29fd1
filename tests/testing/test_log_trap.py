"""Logs that are shown only for tests that fail."""

from __future__ import annotations

import io
import logging
import unittest

from tests.conftest import LogWatch

from whirlwind.testing import LogTrapTestCase


class Cases:  # not at the top, where pytest would run them
    class Noisy(LogTrapTestCase):
        def test_pass(self) -> None:
            logging.getLogger("tests.noise").error("of a test that passes")

        def test_fail(self) -> None:
            logging.getLogger("tests.noise").error("of a test that fails")
            self.fail()


def shown(name: str) -> str:
    root = logging.getLogger()
    others = root.handlers[:]
    stream = io.StringIO()
    root.handlers[:] = [logging.StreamHandler(stream)]
    try:
        Cases.Noisy(name).run(unittest.TestResult())
    finally:
        root.handlers[:] = others
    return stream.getvalue()


def test_the_log_of_a_test_that_passes_is_not_shown() -> None:
    assert shown("test_pass") == ""


def test_the_log_of_a_test_that_fails_is_shown() -> None:
    assert shown("test_fail") == "of a test that fails\n"


def test_a_runner_that_does_not_count_is_left_alone(logs: LogWatch) -> None:
    counted = unittest.TestResult()

    class Runner:
        """Like pytest's, which is no TestResult: it only has the methods."""

        def __getattr__(self, name: str) -> object:
            return getattr(counted, name)

    with logs.expect("tests.noise", "of a test that passes"):
        Cases.Noisy("test_pass").run(Runner())  # type: ignore[arg-type]
    assert counted.wasSuccessful()
