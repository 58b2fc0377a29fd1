"""What holds for every test: no stray log line, no unretrieved exception, no open loop."""

from __future__ import annotations

import gc
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from whirlwind._engine import coroutine, error_scope, runner_cy


class LogWatch(logging.Handler):
    """Collects log records of level WARNING and above until a test claims them."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def messages(self) -> list[str]:
        """What was logged, one ``logger: message`` a record."""
        return [f"{record.name}: {record.getMessage()}" for record in self.records]

    @contextmanager
    def expect(self, logger: str, pattern: str, count: int = 1) -> Iterator[None]:
        """Claim exactly ``count`` records of ``logger`` that match ``pattern`` (re.search).

        Args:
            logger: The logger's whole name.
            pattern: A regular expression for the message.
            count: How many records must come while the block runs.
        """
        before = len(self.records)
        yield
        gc.collect()
        mine = [
            record
            for record in self.records[before:]
            if record.name == logger and re.search(pattern, record.getMessage())
        ]
        assert len(mine) == count, f"expected {count} of {pattern!r}, got {self.messages()}"
        for record in mine:
            self.records.remove(record)


@pytest.fixture(autouse=True, scope="module")
def small_collections() -> None:
    """Keep what lives by now out of the collection that follows each test of a file."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def contexts_out_of_use() -> Iterator[None]:
    """Have the next test run as in a program that never used ``stack_context``."""
    yield
    if error_scope.Reentry.run is not None:
        error_scope.Reentry.run = None
        vars(coroutine).update(start=runner_cy.start, _dress=None)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Let the collector see everything again: hypothesis, in its summary, looks for referrers."""
    gc.unfreeze()


@pytest.fixture(autouse=True)
def logs() -> Iterator[LogWatch]:
    """Fails the test if anything was logged, at WARNING or above, that it did not expect.

    Unretrieved exceptions and tasks destroyed while pending are log lines of asyncio, written
    when the future dies; hence the collection before the count.
    """
    watch = LogWatch()
    root = logging.getLogger()
    root.addHandler(watch)
    try:
        yield watch
        gc.collect()
    finally:
        root.removeHandler(watch)
    assert watch.messages() == []
