"""The demo as a process, and browsers to look at it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from tests.support.browsers import Browsers

ROOT = Path(__file__).parents[2]
# Ends a demo that hangs, so that its tests fail instead of stopping the run.
PATIENCE = 600


class DemoProcess:
    """A running ``python -m examples.guide``.

    Attributes:
        url: Where its page is.
        said: What it has printed so far.
    """

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "examples.guide", "--no-browser", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self._guard = threading.Timer(PATIENCE, self.process.kill)
        self._guard.start()
        self.said = ""
        self.url = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            found = re.search(r"The guide is at (http://\S+)", line)
            if found:
                self.url = found[1]
                break

    def end(self) -> int:
        """Wait for its end and return the exit code."""
        rest, _ = self.process.communicate()
        self.said += rest
        self._guard.cancel()
        return self.process.returncode

    def stop(self) -> int:
        """Ask it to stop, and return the exit code."""
        self.process.terminate()
        return self.end()


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoProcess]:
    """One demo for all tests."""
    running = DemoProcess("--port", "0")
    assert running.url, running.said
    yield running
    assert running.stop() == 0, running.said


@pytest.fixture
def browsers(tmp_path: Path) -> Iterator[Browsers]:
    """Opens browsers for one test."""
    opened = Browsers(tmp_path)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def one_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A browser for all tests that need no more than a page of their own."""
    opened = Browsers(tmp_path_factory.mktemp("browser"))
    yield opened.open()
    opened.close()


@pytest.fixture
def browser(demo: DemoProcess, one_browser: Chrome) -> Chrome:
    """The common browser, on the demo's page as it is when it has just been opened."""
    one_browser.get("about:blank")
    one_browser.get_log("browser")  # type: ignore[no-untyped-call]
    one_browser.get(demo.url)
    return one_browser
