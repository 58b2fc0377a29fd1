"""Interleaving.

Keep a future instead of yielding it at once, and the next chunk is on its way while this one
goes out. `yield self.flush()` waits for the reader, whom the demo makes a slow one.
"""

from examples.guide.pattern import SlowReader
from whirlwind import gen
from whirlwind.httpclient import AsyncHTTPClient


class Interleave(SlowReader):
    page = 0

    @gen.coroutine
    def fetch_next_chunk(self):
        self.page += 1
        url = self.upstream(f"report/{self.page}")
        response = yield AsyncHTTPClient().fetch(url)
        return response.body or None

    @gen.coroutine
    def get(self):
        fetch_future = self.fetch_next_chunk()
        while True:
            chunk = yield fetch_future
            if chunk is None:
                break
            self.write(chunk)
            fetch_future = self.fetch_next_chunk()
            yield self.flush()
