"""A list, in parallel.

Yield a list and its items are waited for together. The answers come in the list's order, after
as long as the slowest takes.
"""

from examples.guide.pattern import Pattern
from whirlwind import gen
from whirlwind.httpclient import AsyncHTTPClient


@gen.coroutine
def fetch_coroutine(url):
    response = yield AsyncHTTPClient().fetch(url)
    return response.body


class ParallelList(Pattern):
    @gen.coroutine
    def get(self):
        stations = ["oslo", "lisbon", "lima", "nairobi"]
        urls = [self.upstream(f"wind/{name}") for name in stations]
        answers = yield [fetch_coroutine(url) for url in urls]
        for answer in answers:
            self.write(answer)
