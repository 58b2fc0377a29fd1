"""The options of the process."""

from __future__ import annotations

import subprocess
import sys

from whirlwind import options as door


def test_the_functions_work_on_the_table_of_the_process() -> None:
    for name in (
        "add_parse_callback",
        "define",
        "parse_command_line",
        "parse_config_file",
        "print_help",
    ):
        assert getattr(door, name).__self__ is door.options


def test_the_table_has_the_options_of_logging_from_the_start() -> None:
    assert [name for name in door.options._options if name.startswith("log")] == [
        "logging",
        "log-to-stderr",
        "log-file-prefix",
        "log-file-max-size",
        "log-file-num-backups",
        "log-rotate-when",
        "log-rotate-interval",
        "log-rotate-mode",
    ]


def test_an_option_defined_by_a_module_is_grouped_under_its_file() -> None:
    program = (
        "from whirlwind.options import define, options\n"
        "define('mine', default=1)\n"
        "print(options._options['mine'].group_name, options.group_dict('<string>'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "<string> {'mine': 1}\n"
