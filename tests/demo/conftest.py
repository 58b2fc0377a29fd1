"""The demo as a process, and browsers to look at it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

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


class Browsers:
    """Opens headless browsers, each with a profile of its own.

    Args:
        folder: Where the profiles are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: list[Chrome] = []

    def open(self, width: int = 1440, **media: str) -> Chrome:
        """Open one.

        Args:
            width: Pixels of its viewport.
            media: Media features to pretend: ``prefers_color_scheme="dark"``.
        """
        binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
        if binary is None or driver is None:
            if os.environ.get("WHIRLWIND_REQUIRE_BROWSER") == "1":
                pytest.fail("no chromium and chromedriver, and WHIRLWIND_REQUIRE_BROWSER is 1")
            pytest.skip("no chromium and chromedriver on this machine")
        options = ChromeOptions()
        options.binary_location = binary
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-proxy-server",
            f"--window-size={width},1000",
            f"--user-data-dir={self._folder / f'profile-{len(self._opened)}'}",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        browser = Chrome(options=options, service=Service(driver))
        self._opened.append(browser)
        features: list[dict[str, Any]] = [
            {"name": name.replace("_", "-"), "value": value} for name, value in media.items()
        ]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False},
        )
        return browser

    def close(self) -> None:
        for browser in self._opened:
            browser.quit()


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
