"""Simple fetch.

`yield` hands a future to the engine and comes back with its result, or raises what went wrong.
While the upstream takes its time, the process serves everybody else.
"""

from examples.guide.pattern import Pattern
from whirlwind import gen
from whirlwind.httpclient import AsyncHTTPClient


@gen.coroutine
def fetch_coroutine(url):
    http_client = AsyncHTTPClient()
    response = yield http_client.fetch(url)
    return response.body


class Fetch(Pattern):
    @gen.coroutine
    def get(self):
        answer = yield fetch_coroutine(self.upstream("wind/lima"))
        self.write(answer)
