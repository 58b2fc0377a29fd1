"""One pattern on the page, as the tests see it."""

from __future__ import annotations

from typing import Any

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

# Far above what any pattern takes; only a broken page waits this long.
PATIENCE = 60

# Notes, at each change of the output, what else the page shows at that moment.
_WATCH = """
const [article] = arguments;
article.seen = [];
const note = () => article.seen.push({
    state: article.dataset.state,
    output: article.querySelector(".output").textContent,
    open: article.querySelectorAll(".wait.open").length,
    lines: article.querySelectorAll(".line.waiting").length,
});
new MutationObserver(note).observe(article, {childList: true, subtree: true});
"""


class Pane:
    """The section of one pattern."""

    def __init__(self, browser: Chrome, slug: str) -> None:
        self.browser = browser
        self.article = browser.find_element(By.ID, slug)

    def find(self, selector: str) -> WebElement:
        return self.article.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.article.find_elements(By.CSS_SELECTOR, selector)

    def press(self, selector: str = "button.run") -> None:
        """Click as a user would: scrolled into view, with the pointer."""
        element = self.find(selector)
        self.browser.execute_script(
            "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element
        )
        element.click()

    def watch(self) -> None:
        """Begin to note what the page shows while the pattern runs."""
        self.browser.execute_script(_WATCH, self.article)

    def seen(self) -> list[dict[str, Any]]:
        """Return what was noted."""
        found: list[dict[str, Any]] = self.browser.execute_script(
            "return arguments[0].seen", self.article
        )
        return found

    @property
    def state(self) -> str | None:
        return self.article.get_attribute("data-state")

    def wait_for(self, *states: str) -> str:
        """Wait until the pattern is in one of the states, and return its status line."""
        WebDriverWait(self.browser, PATIENCE, poll_frequency=0.05).until(
            lambda _: self.state in states
        )
        return self.find(".status").text

    def run(self) -> str:
        """Press Run, wait for the end, return the status line."""
        self.press()
        return self.wait_for("done", "failed", "stopped")

    @property
    def output(self) -> str:
        return self.find(".output").get_attribute("textContent") or ""

    def bars(self, name: str) -> list[tuple[float, float]]:
        """Return start and end, in seconds, of the coroutines of that name in the picture."""
        found = self.all(f'.life[data-name="{name}"]')
        return [
            (
                float(bar.get_attribute("data-start") or ""),
                float(bar.get_attribute("data-end") or ""),
            )
            for bar in found
        ]

    def waits(self) -> list[str]:
        """Return what is waited for, over all bars, in the order of the waits' starts."""
        found = [
            (float(bar.get_attribute("data-start") or ""), bar.get_attribute("data-what") or "")
            for bar in self.all(".wait")
        ]
        return [what for _, what in sorted(found)]
