"""``python -m whirlwind``: the command ``whirlwind``; alone, it says what is installed."""

from whirlwind.cli import main

if __name__ == "__main__":
    main(prog_name="python -m whirlwind")
