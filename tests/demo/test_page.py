"""The demo's page in a real browser: each pattern, its picture, its errors."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from tests.demo.conftest import DemoProcess
from tests.demo.pane import Pane
from tests.support.browsers import Browsers

pytestmark = pytest.mark.browser

STATIONS = "Oslo: 7 m/s\nLisbon: 5 m/s\nLima: 3 m/s\nNairobi: 4 m/s\n"
REPORT = [
    "A low over the Atlantic moves east.\n",
    "It will reach Lisbon in the afternoon.\n",
    "Gusts of up to 20 m/s are likely on the coast.\n",
    "Behind it the wind turns north and weakens.\n",
    "The night will be calm.\n",
]
# Pattern: its output, and the coroutines in its picture.
EXPECTED: dict[str, tuple[str, dict[str, int]]] = {
    "fetch": ("Lima: 3 m/s\n", {"get": 1, "fetch_coroutine": 1}),
    "callbacks": ("Lima: 3 m/s\n", {"get": 1}),
    "threads": (
        "tick 1\ntick 2\ntick 3\nLima: 3 m/s\n",
        {"get": 1, "call_blocking": 1, "tick": 1},
    ),
    "parallel_list": (STATIONS, {"get": 1, "fetch_coroutine": 4}),
    "parallel_dict": (
        "{'oslo': 7, 'lisbon': 5, 'lima': 3, 'nairobi': 4}\ncalmest: lima\n",
        {"get": 1, "wind_at": 4},
    ),
    "interleave": ("".join(REPORT), {"get": 1, "fetch_next_chunk": 6, "flush": 5}),
    "motor_loop": (
        "".join(
            f"{hour:02}:00  {wind} m/s\n"
            for hour, wind in zip(range(0, 20, 2), [2, 2, 1, 2, 3, 4, 6, 7, 6, 4], strict=True)
        ),
        {"get": 1},
    ),
}


def check(pane: Pane, slug: str) -> None:
    """Hold that a pattern's output and picture are complete and its own."""
    output, coroutines = EXPECTED[slug]
    assert pane.output == output
    for name, count in coroutines.items():
        assert len(pane.bars(name)) == count, name
    assert len(pane.all(".life")) == sum(coroutines.values())
    numbers = sorted(int(bar.get_attribute("data-id") or "") for bar in pane.all(".life"))
    assert numbers == list(range(1, sum(coroutines.values()) + 1))
    summary = pane.find("svg").get_attribute("aria-label")
    assert summary is not None
    assert summary.startswith("Timeline: ")


def overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


@pytest.mark.parametrize("slug", EXPECTED)
def test_a_pattern_shows_its_output_and_its_picture(browser: Chrome, slug: str) -> None:
    pane = Pane(browser, slug)
    status = pane.run()
    assert pane.state == "done", (status, pane.find(".error").text)
    assert status.startswith("Done in ")
    check(pane, slug)
    # Everything lies within the coroutine that the run began with.
    (whole,) = pane.bars("get")
    for bar in pane.all(".life, .wait"):
        start, end = bar.get_attribute("data-start"), bar.get_attribute("data-end")
        assert whole[0] <= float(start or "") <= float(end or "") <= whole[1]
    assert not pane.find(".error").is_displayed()
    log: Any = browser.get_log("browser")  # type: ignore[no-untyped-call]
    assert [entry for entry in log if entry["level"] == "SEVERE"] == []


@pytest.mark.parametrize(
    ("slug", "name"), [("parallel_list", "fetch_coroutine"), ("parallel_dict", "wind_at")]
)
def test_what_is_parallel_is_drawn_parallel(browser: Chrome, slug: str, name: str) -> None:
    pane = Pane(browser, slug)
    pane.run()
    bars = pane.bars(name)
    # All of them had begun before the first of them ended.
    assert max(start for start, _ in bars) < min(end for _, end in bars)
    # They stand below one another, one a row, over the same stretch of the axis.
    shapes = [bar.rect for bar in pane.all(f'.life[data-name="{name}"]')]
    assert len({shape["y"] for shape in shapes}) == 4
    assert max(shape["x"] for shape in shapes) < min(
        shape["x"] + shape["width"] for shape in shapes
    )
    assert f"4 × {name}" in pane.waits()  # noqa: RUF001


def test_what_is_interleaved_is_drawn_interleaved(browser: Chrome) -> None:
    pane = Pane(browser, "interleave")
    pane.run()
    fetches, flushes = pane.bars("fetch_next_chunk"), pane.bars("flush")
    # While a chunk goes out the next one is on its way, which began just before.
    for flush, fetch in zip(flushes, fetches[1:], strict=True):
        assert fetch[0] <= flush[0]
        assert overlap(flush, fetch)
    # One after the other, each kind in a row of its own.
    for bars in (fetches, flushes):
        assert all(one[1] <= next_[0] for one, next_ in pairwise(bars))
    for name in ("fetch_next_chunk", "flush"):
        assert len({bar.rect["y"] for bar in pane.all(f'.life[data-name="{name}"]')}) == 1


def test_a_thread_blocks_nobody(browser: Chrome) -> None:
    pane = Pane(browser, "threads")
    pane.run()
    (blocked,) = pane.bars("call_blocking")
    dots = [float(dot.get_attribute("data-time") or "") for dot in pane.all("circle.said")]
    assert len(dots) == 4
    assert all(blocked[0] < dot <= blocked[1] for dot in dots)


def test_progress_shows_while_a_pattern_runs(browser: Chrome) -> None:
    pane = Pane(browser, "interleave")
    pane.watch()
    pane.run()
    running = [moment for moment in pane.seen() if moment["state"] == "running"]
    # Output came in pieces, and between them there was an open bar and a marked line of source.
    lengths = {len(moment["output"]) for moment in running}
    assert lengths & {len("".join(REPORT[:count])) for count in range(1, 5)}
    assert any(moment["open"] for moment in running)
    assert any(moment["lines"] for moment in running)
    assert pane.all(".wait.open") == []
    assert pane.all(".line.waiting") == []


@pytest.mark.parametrize(
    ("slug", "message", "output"),
    [
        ("fetch", "503: Station In Lima Is Down", ""),
        ("callbacks", "503: Station In Lima Is Down", ""),
        ("threads", "503: Station In Lima Is Down", "tick 1\ntick 2\ntick 3\n"),
        ("parallel_list", "503: Station In Lima Is Down", ""),
        ("parallel_dict", "503: Station In Lima Is Down", ""),
        ("interleave", "503: Page 3 Is Missing", "".join(REPORT[:2])),
        ("motor_loop", "OperationFailure: ", ""),
    ],
)
def test_an_error_is_shown_with_its_traceback_and_passes(
    browser: Chrome, slug: str, message: str, output: str
) -> None:
    pane = Pane(browser, slug)
    pane.press(".fail")
    status = pane.run()
    assert pane.state == "failed"
    assert status.startswith("Failed after ")
    assert message in pane.find(".error .message").text
    pane.press(".error summary")
    assert f"patterns/{slug}.py" in pane.find(".error pre").text
    assert pane.output == output
    assert pane.all(".failed .life")
    pane.press(".fail")
    assert pane.run().startswith("Done in ")
    assert not pane.find(".error").is_displayed()
    check(pane, slug)


def test_a_run_can_be_stopped_and_run_again(browser: Chrome) -> None:
    pane = Pane(browser, "interleave")
    # Pressed by the page itself, at the first output: a click from here might come after the end.
    browser.execute_script(
        "const [output, button] = arguments;"
        "new MutationObserver((_, observer) => {"
        "  observer.disconnect(); window.said = button.textContent; button.click();"
        "}).observe(output, {childList: true, characterData: true, subtree: true})",
        pane.find(".output"),
        pane.find("button.run"),
    )
    assert pane.run() == "Stopped."
    assert browser.execute_script("return window.said") == "Stop"
    assert pane.output == REPORT[0]
    assert pane.find("button.run").text == "Run again"
    assert pane.run().startswith("Done in ")
    check(pane, "interleave")


def test_two_browsers_at_once_do_not_disturb_each_other(
    demo: DemoProcess, browsers: Browsers
) -> None:
    slugs = ["interleave", "parallel_list", "threads"]
    pair = [browsers.open(), browsers.open()]
    for browser in pair:
        browser.get(demo.url)
    panes = [(Pane(browser, slug), slug) for slug in slugs for browser in pair]
    for pane, _ in panes:
        pane.press()
    for pane, slug in panes:
        assert pane.wait_for("done", "failed").startswith("Done in ")
        check(pane, slug)


def test_one_browser_that_fails_leaves_the_other_alone(
    demo: DemoProcess, browsers: Browsers
) -> None:
    panes = []
    for browser in (browsers.open(), browsers.open()):
        browser.get(demo.url)
        panes.append(Pane(browser, "parallel_dict"))
    failing, sound = panes
    failing.press(".fail")
    failing.press()
    sound.press()
    assert failing.wait_for("done", "failed").startswith("Failed after ")
    assert sound.wait_for("done", "failed").startswith("Done in ")
    check(sound, "parallel_dict")


def test_everything_the_page_needs_comes_from_the_demo(demo: DemoProcess, browser: Chrome) -> None:
    Pane(browser, "fetch").run()
    names = browser.execute_script(
        "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    )
    assert {f"{demo.url}{name}" for name in ("page.css", "page.js", "timeline.js")} <= set(names)
    assert [name for name in names if not name.startswith(demo.url)] == []
    policy = browser.execute_async_script(
        "const done = arguments[0];"
        "fetch('/').then((answer) => done(answer.headers.get('Content-Security-Policy')))"
    )
    assert policy.startswith("default-src 'none'")


def test_the_keyboard_runs_a_pattern_and_names_say_which(browser: Chrome) -> None:
    pane = Pane(browser, "fetch")
    button = pane.find("button.run")
    assert button.accessible_name == "Run 1 Simple fetch"
    for element in browser.find_elements(By.CSS_SELECTOR, "button, input, a, svg[role=img]"):
        assert element.accessible_name
    browser.execute_script("arguments[0].focus()", button)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert pane.wait_for("done", "failed").startswith("Done in ")
    # The focus stays where it was, and is visible there.
    assert browser.switch_to.active_element == button
    assert button.value_of_css_property("outline-style") == "solid"


def test_the_record_is_there_as_a_table(browser: Chrome) -> None:
    pane = Pane(browser, "fetch")
    pane.run()
    pane.press(".record summary")
    kinds = [row.find_elements(By.TAG_NAME, "td")[2].text for row in pane.all("tbody tr")]
    assert kinds == [
        *("started", "started", "waits", "waits"),
        *("resumed", "ended", "resumed", "ended"),
    ]


def test_reduced_motion_still_draws_the_picture(demo: DemoProcess, browsers: Browsers) -> None:
    browser = browsers.open(prefers_reduced_motion="reduce")
    browser.get(demo.url)
    pane = Pane(browser, "parallel_list")
    pane.run()
    check(pane, "parallel_list")


def test_dark_and_narrow_screens_are_served(demo: DemoProcess, browsers: Browsers) -> None:
    grounds = []
    for scheme, width in (("light", 390), ("dark", 390)):
        browser = browsers.open(width, prefers_color_scheme=scheme)
        browser.get(demo.url)
        pane = Pane(browser, "interleave")
        pane.run()
        check(pane, "interleave")
        # Nothing sticks out to the right; long lines of source scroll in their own box.
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        body = browser.find_element(By.TAG_NAME, "body")
        grounds.append(body.value_of_css_property("background-color"))
    assert grounds[0] != grounds[1]
