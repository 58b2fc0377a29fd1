"""A dict, in parallel.

The same with names: yield a dict of futures, get a dict of results under the same keys.
"""

from examples.guide.pattern import Pattern
from whirlwind import gen
from whirlwind.httpclient import AsyncHTTPClient


class ParallelDict(Pattern):
    @gen.coroutine
    def wind_at(self, station):
        url = self.upstream(f"wind/{station}")
        response = yield AsyncHTTPClient().fetch(url)
        return int(response.headers["Wind-Speed"])

    @gen.coroutine
    def get(self):
        stations = ["oslo", "lisbon", "lima", "nairobi"]
        speeds = yield {name: self.wind_at(name) for name in stations}
        calmest = min(speeds, key=speeds.get)
        self.write(f"{speeds}\ncalmest: {calmest}\n")
