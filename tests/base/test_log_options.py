"""Logging as options ask for it."""

from __future__ import annotations

import logging
import logging.handlers
from collections.abc import Iterator
from pathlib import Path

import pytest

from whirlwind.log import LogFormatter, define_logging_options, enable_pretty_logging
from whirlwind.options import Error, OptionParser
from whirlwind.options import options as process_options


@pytest.fixture
def options() -> OptionParser:
    options = OptionParser()
    define_logging_options(options)
    return options


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    logger = logging.Logger("alone")
    yield logger
    for handler in logger.handlers:
        handler.close()


def test_by_default_standard_error_gets_info_and_above(
    options: OptionParser, logger: logging.Logger
) -> None:
    enable_pretty_logging(options, logger)
    [handler] = logger.handlers
    assert type(handler) is logging.StreamHandler
    assert isinstance(handler.formatter, LogFormatter)
    assert logger.level == logging.INFO


def test_standard_error_is_left_alone_where_somebody_listens_already(
    options: OptionParser, logger: logging.Logger
) -> None:
    logger.addHandler(logging.NullHandler())
    enable_pretty_logging(options, logger)
    assert len(logger.handlers) == 1
    options.log_to_stderr = True
    enable_pretty_logging(options, logger)
    assert len(logger.handlers) == 2


@pytest.mark.parametrize("none", ["none", "None", None])
def test_none_leaves_logging_as_it_is(
    options: OptionParser, logger: logging.Logger, none: str | None
) -> None:
    options.logging = none
    options.log_to_stderr = True
    enable_pretty_logging(options, logger)
    assert logger.handlers == []
    assert logger.level == logging.NOTSET


def test_a_file_gets_utf8_and_is_rotated_by_size(
    options: OptionParser, logger: logging.Logger, tmp_path: Path
) -> None:
    options.log_file_prefix = str(tmp_path / "log")
    options.log_file_max_size = 1
    options.log_file_num_backups = 2
    enable_pretty_logging(options, logger)
    [handler] = logger.handlers
    assert isinstance(handler, logging.handlers.RotatingFileHandler)
    logger.error("é")
    logger.error("ü")
    assert (tmp_path / "log").read_text(encoding="utf-8").endswith("] ü\n")
    assert (tmp_path / "log.1").read_text(encoding="utf-8").endswith("] é\n")


def test_a_file_is_rotated_by_time(
    options: OptionParser, logger: logging.Logger, tmp_path: Path
) -> None:
    options.log_file_prefix = str(tmp_path / "log")
    options.log_rotate_mode = "time"
    options.log_rotate_when = "H"
    options.log_rotate_interval = 3
    enable_pretty_logging(options, logger)
    [handler] = logger.handlers
    assert isinstance(handler, logging.handlers.TimedRotatingFileHandler)
    assert handler.interval == 3 * 3600


@pytest.mark.parametrize(("name", "value"), [("log_rotate_mode", "moon"), ("logging", "loud")])
def test_a_value_that_means_nothing_is_named(
    options: OptionParser, logger: logging.Logger, tmp_path: Path, name: str, value: str
) -> None:
    options.log_file_prefix = str(tmp_path / "log")
    options[name] = value
    with pytest.raises(ValueError, match=f"{name} option should be .*{value}"):
        enable_pretty_logging(options, logger)


def test_parsing_sets_logging_up(options: OptionParser) -> None:
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    try:
        options.parse_command_line(["prog", "--logging=debug", "--log_to_stderr"])
        assert root.level == logging.DEBUG
        assert len(root.handlers) == len(handlers) + 1
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers


def test_the_process_has_the_options_already() -> None:
    assert process_options.log_file_max_size == 100_000_000
    with pytest.raises(Error, match="already defined"):
        define_logging_options()
