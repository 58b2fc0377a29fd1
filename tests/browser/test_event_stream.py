"""An EventSource of a real browser: it receives events, and connects again where it left off."""

from __future__ import annotations

import asyncio
import queue
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.support.wait import WebDriverWait
from tests.demo.conftest import browsers
from tests.support.browsers import Browsers
from tests.support.threaded_server import ThreadedServer

from whirlwind import web

__all__ = ["browsers"]

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><title>Events</title><script>
const seen = [], source = new EventSource("/events");
const show = event => seen.push([event.type, event.lastEventId, event.data]);
source.onopen = () => seen.push(["open"]);
source.onmessage = show;
source.addEventListener("tick", show);
</script>"""


class Page(web.RequestHandler):
    def get(self) -> None:
        self.write(PAGE)


class Events(web.RequestHandler):
    """Sends three events on two connections, then waits for ever."""

    def initialize(self, said: queue.Queue[Any]) -> None:
        self.said = said

    async def get(self) -> None:
        events = self.event_stream(ping_interval=0.01)
        self.said.put(events.last_event_id)
        if events.last_event_id is None:
            await events.send(" one\ntwo\r\n\rfour ", id="a1")
            await events.send({"price": [17, None]}, event="tick", id="naïve 2", retry=10)
            return
        await events.send("after", id="3")
        try:
            await asyncio.Event().wait()
        finally:
            self.said.put("gone")


def seen(browser: Chrome) -> list[list[str]]:
    found: list[list[str]] = browser.execute_script("return seen")
    return found


def test_events_arrive_and_the_browser_goes_on_where_it_left_off(browsers: Browsers) -> None:
    said: queue.Queue[Any] = queue.Queue()
    application = web.Application(
        [("/", Page), ("/events", Events, {"said": said})], log_function=lambda handler: None
    )
    with ThreadedServer(application) as server:
        browser = browsers.open()
        browser.get(server.url)
        WebDriverWait(browser, 60).until(lambda browser: len(seen(browser)) >= 5)
        assert seen(browser) == [
            ["open"],
            ["message", "a1", " one\ntwo\n\nfour "],
            ["tick", "naïve 2", '{"price": [17, null]}'],
            ["open"],
            ["message", "3", "after"],
        ]
        browser.execute_script("source.close()")
        assert [said.get(timeout=60) for _ in range(3)] == [None, "naïve 2", "gone"]


class Enough(web.RequestHandler):
    def initialize(self, said: queue.Queue[Any]) -> None:
        self.said = said

    async def get(self) -> None:
        self.said.put("asked")
        if self.said.qsize() > 1:
            self.set_status(204)
            return
        await self.event_stream().send("one", retry=1)


def test_an_answer_of_204_ends_the_reconnecting(browsers: Browsers) -> None:
    said: queue.Queue[Any] = queue.Queue()
    application = web.Application(
        [("/", Page), ("/events", Enough, {"said": said})], log_function=lambda handler: None
    )
    with ThreadedServer(application) as server:
        browser = browsers.open()
        browser.get(server.url)
        WebDriverWait(browser, 60).until(
            lambda browser: browser.execute_script("return source.readyState == 2")
        )
        assert said.qsize() == 2
