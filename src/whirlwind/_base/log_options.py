"""Logging as the command line asks for it.

Layer: base. Standard library only.

Here is the process's own table of options as well, because it has these options from the
start: whoever can reach the table finds them in it.
"""

from __future__ import annotations

import logging
import logging.handlers
from typing import Final

from whirlwind._base.log_format import LogFormatter
from whirlwind._base.option_parser import OptionParser

options: Final = OptionParser()


def enable_pretty_logging(
    options: OptionParser | None = None, logger: logging.Logger | None = None
) -> None:
    """Send log records to standard error or to files, in readable lines.

    Called by ``parse_command_line`` and ``parse_config_file``; call it yourself in a program
    that uses neither.

    Args:
        options: Table with the options of ``define_logging_options``; the process's own by
            default.
        logger: Which logger to set up; the root logger by default.

    Raises:
        ValueError: ``logging`` names no level, or ``log_rotate_mode`` no way of rotating.
    """
    if options is None:
        options = _process_options()
    if options.logging is None or options.logging.lower() == "none":
        return
    if logger is None:
        logger = logging.getLogger()
    level = logging.getLevelNamesMapping().get(options.logging.upper())
    if level is None:
        raise ValueError(
            f"The value of logging option should be a level such as 'info', or 'none', "
            f"not {options.logging!r}."
        )
    logger.setLevel(level)
    if options.log_file_prefix:
        to_file = _file_handler(options)
        to_file.setFormatter(LogFormatter(color=False))
        logger.addHandler(to_file)
    if options.log_to_stderr or (options.log_to_stderr is None and not logger.handlers):
        to_stderr = logging.StreamHandler()
        to_stderr.setFormatter(LogFormatter())
        logger.addHandler(to_stderr)


def _process_options() -> OptionParser:
    return options


def _file_handler(options: OptionParser) -> logging.Handler:
    if options.log_rotate_mode == "size":
        return logging.handlers.RotatingFileHandler(
            filename=options.log_file_prefix,
            maxBytes=options.log_file_max_size,
            backupCount=options.log_file_num_backups,
            encoding="utf-8",
        )
    if options.log_rotate_mode == "time":
        return logging.handlers.TimedRotatingFileHandler(
            filename=options.log_file_prefix,
            when=options.log_rotate_when,
            interval=options.log_rotate_interval,
            backupCount=options.log_file_num_backups,
            encoding="utf-8",
        )
    raise ValueError(
        'The value of log_rotate_mode option should be "size" or "time", '
        f'not "{options.log_rotate_mode}".'
    )


def define_logging_options(options: OptionParser | None = None) -> None:
    """Define the options that ``enable_pretty_logging`` reads, and have it called after parsing.

    The process's own table has them already.

    Args:
        options: The table that is to have them.

    Raises:
        Error: It has them.
    """
    table = _process_options() if options is None else options
    table.define(
        "logging",
        default="info",
        help="least level of the records to log; 'none' leaves logging as it is",
        metavar="debug|info|warning|error|none",
    )
    table.define(
        "log_to_stderr",
        type=bool,
        help="log to standard error, in colour if it is a terminal; by default only if "
        "nothing else is set up to receive the log",
    )
    table.define(
        "log_file_prefix",
        type=str,
        metavar="PATH",
        help="log to this file, and to numbered ones beside it; each process needs its own",
    )
    table.define(
        "log_file_max_size",
        type=int,
        default=100_000_000,
        help="size in bytes at which a new log file is begun (mode 'size')",
    )
    table.define(
        "log_file_num_backups", type=int, default=10, help="how many old log files to keep"
    )
    table.define(
        "log_rotate_when",
        type=str,
        default="midnight",
        help="unit of the time between log files (mode 'time'): S, M, H, D, W0 to W6 or midnight",
    )
    table.define(
        "log_rotate_interval",
        type=int,
        default=1,
        help="how many of these units lie between log files (mode 'time')",
    )
    table.define(
        "log_rotate_mode",
        type=str,
        default="size",
        help="begin a new log file by size or by time",
    )
    table.add_parse_callback(lambda: enable_pretty_logging(table))


define_logging_options(options)
