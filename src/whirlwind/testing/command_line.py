"""Runs tests from a command line that may hold the program's own options.

Layer: public package ``testing``.
"""

from __future__ import annotations

import signal
import sys
import unittest
from typing import Any

from whirlwind._base.options import options


def main(**kwargs: Any) -> None:
    """Run the tests that the command line names, after setting the options that it holds.

    ::

        python -m whirlwind.testing --logging=debug tests.page_test tests.report_test

    A module of tests can call it as well: ``if __name__ == "__main__": testing.main()`` runs
    what its function ``all`` returns.

    Args:
        kwargs: For ``unittest.main``; ``verbosity`` and the like win over the options, and
            ``module=None`` makes the names on the command line those of modules.
    """
    for name, meaning in (
        ("verbose", "show the name of each test"),
        ("quiet", "show nothing but failures"),
        ("failfast", "stop at the first failure"),
        ("catch", "let the first ctrl-c wait for the test that runs"),
        ("buffer", "show what a test prints only if it fails"),
    ):
        options.define(name, type=bool, help=meaning)
    options.define(
        "exception_on_interrupt",
        type=bool,
        default=True,
        help="whether ctrl-c raises KeyboardInterrupt, which shows where the test was; "
        "without it ctrl-c ends the process for certain",
    )
    names = options.parse_command_line()
    if not options.exception_on_interrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if options.verbose is not None:
        kwargs.setdefault("verbosity", 2 if options.verbose else 1)
    if options.quiet:
        kwargs.setdefault("verbosity", 0)
    if options.failfast:
        kwargs.setdefault("failfast", True)
    if options.catch:
        kwargs.setdefault("catchbreak", True)
    if options.buffer:
        kwargs.setdefault("buffer", True)
    has_all = hasattr(sys.modules["__main__"], "all")
    if not names and not has_all:
        print("No tests specified", file=sys.stderr)  # noqa: T201 (a command line's answer)
        sys.exit(1)
    unittest.main(defaultTest="all" if has_all else None, argv=[sys.argv[0], *names], **kwargs)
