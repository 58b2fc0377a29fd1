"""Log records that a test is about."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest
from tests.conftest import LogWatch

from whirlwind.testing import ExpectLog


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    logger = logging.getLogger("tests.expect_log")
    logger.setLevel(logging.DEBUG)
    yield logger
    assert logger.level == logging.DEBUG
    assert logger.filters == []
    logger.setLevel(logging.NOTSET)


def test_an_expected_record_goes_no_further(log: logging.Logger) -> None:
    with ExpectLog(log, "was .x") as expected:
        log.warning("was %sx", 1)
    assert expected.matched == 1
    assert expected.logged_stack is False


def test_the_expression_may_be_compiled(log: logging.Logger) -> None:
    with ExpectLog(log, re.compile("WAS .x", re.IGNORECASE)) as expected:
        log.warning("was %sx", 1)
    assert expected.matched == 1


def test_the_logger_may_be_named(log: logging.Logger) -> None:
    with ExpectLog(log.name, "x"):
        log.error("x")
    assert ExpectLog("", "x").logger is logging.getLogger()


def test_a_record_that_does_not_come_is_an_error(log: logging.Logger, logs: LogWatch) -> None:
    with (
        logs.expect(log.name, "other"),
        pytest.raises(Exception, match="did not get expected log message"),
        ExpectLog(log, "x"),
    ):
        log.warning("other x")  # the expression is for the beginning


def test_unless_it_need_not_come(log: logging.Logger) -> None:
    with ExpectLog(log, "x", required=False) as expected:
        pass
    assert expected.matched == 0


def test_an_exception_inside_is_not_hidden(log: logging.Logger) -> None:
    with pytest.raises(ZeroDivisionError), ExpectLog(log, "x"):
        _ = 1 // 0


def test_a_level_below_that_of_the_logger_is_let_through_meanwhile(log: logging.Logger) -> None:
    log.setLevel(logging.ERROR)
    with ExpectLog(log, "x", level=logging.DEBUG) as expected:
        log.debug("x")
    assert expected.matched == 1
    assert log.level == logging.ERROR
    log.setLevel(logging.DEBUG)


def test_another_level_is_not_what_was_expected(log: logging.Logger, logs: LogWatch) -> None:
    with (
        logs.expect("whirlwind.application", r"unexpected level \(INFO vs WARNING\)"),
        logs.expect(log.name, "^x$"),
        pytest.raises(Exception, match="did not get"),
        ExpectLog(log, "x", level=logging.INFO),
    ):
        log.warning("x")


def test_a_level_below_warning_has_to_be_named(log: logging.Logger) -> None:
    with (
        pytest.warns(DeprecationWarning, match="INFO or below without level"),
        ExpectLog(log, "x") as expected,
    ):
        log.info("x")
    assert expected.deprecated_level_matched == 1


def test_it_is_seen_whether_a_stack_was_logged(log: logging.Logger) -> None:
    with ExpectLog(log, "x") as expected:
        try:
            _ = 1 // 0
        except ZeroDivisionError:
            log.exception("x")
    assert expected.logged_stack
