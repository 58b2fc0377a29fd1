"""Headless browsers, each with a profile of its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service


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
