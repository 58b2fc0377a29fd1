"""The command ``whirlwind``: serve an application, run a program, say what is installed.

Door: names only. The commands are in ``commands.py``.
"""

from whirlwind.cli.commands import main

__all__ = ["main"]
