"""The options of this process, as functions of a module.

Layer: base. Standard library only.
"""

from __future__ import annotations

from whirlwind._base.log_options import options
from whirlwind._base.option import Error
from whirlwind._base.option_parser import OptionParser

__all__ = [
    "Error",
    "OptionParser",
    "add_parse_callback",
    "define",
    "options",
    "parse_command_line",
    "parse_config_file",
    "print_help",
]

# Bound methods: they take what the methods of ``OptionParser`` take and are documented there.
define = options.define
parse_command_line = options.parse_command_line
parse_config_file = options.parse_config_file
print_help = options.print_help
add_parse_callback = options.add_parse_callback
