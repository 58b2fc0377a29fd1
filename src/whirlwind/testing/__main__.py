"""``python -m whirlwind.testing tests.module …``."""

from whirlwind.testing.command_line import main

if __name__ == "__main__":
    main(module=None)  # names on the command line are those of modules, not of this file's
