"""Options of a program, from its command line and from configuration files.

Door: names only. They come from ``_base/options.py``, and the class behind them from
``_base/option_parser.py``.
"""

from whirlwind._base.options import (
    Error,
    OptionParser,
    add_parse_callback,
    define,
    options,
    parse_command_line,
    parse_config_file,
    print_help,
)
from whirlwind._base.publish import publish

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

publish(__name__, globals())
