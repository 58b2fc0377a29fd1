"""The slow upstream: a weather service, made up, that takes its time over every answer.

An application of its own on a port of its own, so that the patterns fetch over real
connections. With ``?fail=1`` the station in Lima and the third page of the report fail.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from whirlwind import gen
from whirlwind.web import Application, HTTPError, RequestHandler

# Station: name, wind in m/s, seconds until it answers.
STATIONS = {
    "oslo": ("Oslo", 7, 0.35),
    "lisbon": ("Lisbon", 5, 0.2),
    "lima": ("Lima", 3, 0.5),
    "nairobi": ("Nairobi", 4, 0.3),
}
PAGE_DELAY = 0.2
REPORT = [
    "A low over the Atlantic moves east.\n",
    "It will reach Lisbon in the afternoon.\n",
    "Gusts of up to 20 m/s are likely on the coast.\n",
    "Behind it the wind turns north and weakens.\n",
    "The night will be calm.\n",
]


class Wind(RequestHandler):
    """What one station measures."""

    @gen.coroutine
    def get(self, key: str) -> Generator[Any, Any, None]:
        if key not in STATIONS:
            raise HTTPError(404)
        name, speed, delay = STATIONS[key]
        yield gen.sleep(delay)
        if key == "lima" and self.get_argument("fail", "") == "1":
            self.set_status(503, "Station In Lima Is Down")
            return
        self.set_header("Wind-Speed", str(speed))
        self.write(f"{name}: {speed} m/s\n")


class Report(RequestHandler):
    """One page of the weather report; an empty one after the last."""

    @gen.coroutine
    def get(self, number: str) -> Generator[Any, Any, None]:
        yield gen.sleep(PAGE_DELAY)
        if number == "3" and self.get_argument("fail", "") == "1":
            self.set_status(503, "Page 3 Is Missing")
            return
        self.write("".join(REPORT[int(number) - 1 : int(number)]))


def make_upstream() -> Application:
    """Return the weather service's application."""
    return Application(
        [(r"/wind/([a-z]+)", Wind), (r"/report/([1-9][0-9]?)", Report)],
        log_function=lambda handler: None,
    )
