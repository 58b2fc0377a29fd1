"""A WebSocket of a real browser: what it sends, what it is sent, and how it ends."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver import Chrome
from tests.support.threaded_server import ThreadedServer

from whirlwind import web
from whirlwind.websocket import WebSocketHandler

pytestmark = pytest.mark.browser

# ``talk`` opens a WebSocket, does what is asked, and reports everything that happened.
PAGE = """<!doctype html><title>WebSockets</title><script>
const large = "ü".repeat(1 << 20);
function talk(path, protocols, act, done) {
  const said = [];
  const socket = new WebSocket(path.replace(/^http/, "ws"), protocols);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => { said.push(["open", socket.protocol, socket.extensions]); act(socket); };
  socket.onmessage = ({data}) => {
    const text = typeof data === "string";
    said.push(text ? ["text", data === large ? "large" : data]
                   : ["binary", Array.from(new Uint8Array(data.slice(0, 8))), data.byteLength]);
    if (act.answered) act.answered(socket, said);
  };
  socket.onerror = () => said.push(["error"]);
  socket.onclose = event => {
    said.push(["close", event.code, event.reason, event.wasClean]);
    done(said);
  };
}
</script>"""


class Page(web.RequestHandler):
    def get(self) -> None:
        self.write(PAGE)


class Echo(WebSocketHandler):
    def initialize(self, told: queue.Queue[Any], compress: bool = False) -> None:
        self.told = told
        self.compress = compress

    def get_compression_options(self) -> dict[str, Any] | None:
        return {} if self.compress else None

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return next((name for name in subprotocols if name.startswith("v2")), None)

    async def on_message(self, message: str | bytes) -> None:
        if message == "close":
            self.close(4001, "as you wish")
        elif message == "abort":
            self.stream.close()
        elif message == "ping":
            self.ping(b"there?")
        elif message == "broken":
            self.ws_connection.transport.write(b"\x81\x01\xff")  # type: ignore[union-attr]
        else:
            await self.write_message(message, binary=isinstance(message, bytes))

    def on_pong(self, data: bytes) -> None:
        self.write_message(f"pong {data.decode()}")

    def on_close(self) -> None:
        self.told.put((self.close_code, self.close_reason))


class Stranger(Echo):
    """For pages of no origin of ours."""

    def get(self, *args: Any, **kwargs: Any) -> Any:
        self.request.headers["Origin"] = "http://evil.example"
        self.request.headers["Sec-Fetch-Site"] = "cross-site"
        return super().get(*args, **kwargs)


class Serving:
    """The page in a browser, and what its server's handlers told."""

    def __init__(self, browser: Chrome, url: str, told: queue.Queue[Any]) -> None:
        self.browser = browser
        self.url = url
        self.told = told

    def talk(self, path: str, act: str, protocols: str = "[]") -> list[list[Any]]:
        """Open a WebSocket, run ``act`` (JavaScript, ``socket``), return all that happened."""
        said: list[list[Any]] = self.browser.execute_async_script(
            f"const act = {act}; talk({self.url + path!r}, {protocols}, act, arguments[0]);"
        )
        return said


@pytest.fixture(scope="module")
def page(browser: Chrome) -> Iterator[Serving]:
    told: queue.Queue[Any] = queue.Queue()
    application = web.Application(
        [
            ("/", Page),
            ("/plain", Echo, {"told": told}),
            ("/deflate", Echo, {"told": told, "compress": True}),
            ("/stranger", Stranger, {"told": told}),
        ],
        log_function=lambda handler: None,
    )
    with ThreadedServer(application) as server:
        browser.get(server.url)
        browser.set_script_timeout(60)
        yield Serving(browser, server.url, told)


@pytest.mark.parametrize("path", ["/plain", "/deflate"])
def test_text_binary_and_large_messages_come_back(page: Serving, path: str) -> None:
    said = page.talk(
        path,
        """Object.assign(socket => {
          socket.send("Grüße"); socket.send(""); socket.send(large);
          socket.send(new Uint8Array([255, 0, 1])); socket.send(new Blob(["x".repeat(70000)]));
        }, {answered: (socket, said) => { if (said.length === 6) socket.close(1000, "bye"); }})""",
    )
    extensions = "permessage-deflate" if path == "/deflate" else ""
    assert said == [
        ["open", "", extensions],
        ["text", "Grüße"],
        ["text", ""],
        ["text", "large"],
        ["binary", [255, 0, 1], 3],
        ["binary", [120] * 8, 70000],
        ["close", 1000, "", True],
    ]
    assert page.told.get(timeout=60) == (1000, "bye")


def test_a_subprotocol_is_agreed_upon(page: Serving) -> None:
    said = page.talk("/plain", "socket => socket.close()", '["v1.example", "v2.example"]')
    assert said == [["open", "v2.example", ""], ["close", 1005, "", True]]
    assert page.told.get(timeout=60) == (None, None)


def test_a_browser_that_proposes_none_that_is_known_takes_it_for_a_refusal(page: Serving) -> None:
    said = page.talk("/plain", "socket => socket.close()", '["v1.example"]')
    assert said == [["error"], ["close", 1006, "", False]]
    assert page.told.get(timeout=60) == (None, None)


@pytest.mark.parametrize(
    ("message", "end", "told"),
    [
        ("close", ["close", 4001, "as you wish", True], (4001, "as you wish")),
        ("abort", ["close", 1006, "", False], (None, None)),
    ],
)
def test_the_server_ends_it(page: Serving, message: str, end: list[Any], told: Any) -> None:
    said = page.talk("/plain", f"socket => socket.send({message!r})")
    assert said[-1] == end
    assert page.told.get(timeout=60) == told


def test_a_server_that_breaks_the_rules_is_told_so(page: Serving) -> None:
    said = page.talk("/plain", "socket => socket.send('broken')")
    assert said[1:] == [["error"], ["close", 1006, "", False]]
    code, reason = page.told.get(timeout=60)
    assert code == 1002  # for text that is not UTF-8 Chromium says this
    assert "UTF-8" in reason


def test_a_ping_is_answered_by_the_browser_itself(page: Serving) -> None:
    said = page.talk(
        "/plain",
        "Object.assign(s => s.send('ping'), {answered: s => s.close(3000, 'enough')})",
    )
    assert said[1:] == [["text", "pong there?"], ["close", 3000, "", True]]
    assert page.told.get(timeout=60) == (3000, "enough")


def test_a_page_that_is_closed_closes_its_websockets(page: Serving) -> None:
    first = page.browser.current_window_handle
    page.browser.switch_to.new_window("tab")
    page.browser.get(page.url)
    page.browser.execute_async_script(
        f"const done = arguments[0]; talk({page.url + '/plain'!r}, [], () => done(), () => 0);"
    )
    page.browser.close()
    page.browser.switch_to.window(first)
    assert page.told.get(timeout=60) == (1001, None)


def test_security_a_page_of_another_origin_opens_nothing(page: Serving) -> None:
    """Rule 14: origin default-deny."""
    said = page.talk("/stranger", "socket => socket.close()")
    assert said == [["error"], ["close", 1006, "", False]]
    # And with a real one: a page of another port is another origin, though of the same site.
    told: queue.Queue[Any] = queue.Queue()
    application = web.Application(
        [("/plain", Echo, {"told": told})], log_function=lambda handler: None
    )
    with ThreadedServer(application) as other:
        there = Serving(page.browser, other.url, told)
        assert there.talk("/plain", "socket => 0") == [["error"], ["close", 1006, "", False]]


def test_a_server_that_stops_says_that_it_goes_away(browser: Chrome) -> None:
    told: queue.Queue[Any] = queue.Queue()
    application = web.Application(
        [("/", Page), ("/plain", Echo, {"told": told})], log_function=lambda handler: None
    )
    with ThreadedServer(application) as server:
        browser.get(server.url)
        browser.execute_async_script(
            f"const done = arguments[0]; window.ended = new Promise(resolve =>"
            f" talk({server.url + '/plain'!r}, [], () => done(), resolve));"
        )
    said = browser.execute_async_script("ended.then(arguments[0])")
    assert said[-1] == ["close", 1001, "", True]
    assert told.get(timeout=60) == (1001, None)


def test_a_page_that_does_not_read_holds_its_server_back(page: Serving) -> None:
    rooms: queue.Queue[Any] = queue.Queue()

    class Pouring(WebSocketHandler):
        async def open(self) -> None:
            for _ in range(64):
                future = self.write_message(bytes(1 << 20), binary=True)
                rooms.put(future.done())
                await future
            self.close(1000)

    application = web.Application(
        [("/", Page), ("/pour", Pouring)], log_function=lambda handler: None
    )
    with ThreadedServer(application) as server:
        page.browser.get(server.url)
        there = Serving(page.browser, server.url, queue.Queue())
        # Messages wait in the browser while its script is at something else.
        said = there.talk(
            "/pour", "() => { const end = Date.now() + 300; while (Date.now() < end); }"
        )
        assert sum(one[0] == "binary" and one[2] == 1 << 20 for one in said) == 64
        assert said[-1] == ["close", 1000, "", True]
        assert False in [rooms.get_nowait() for _ in range(64)]
    page.browser.get(page.url)
