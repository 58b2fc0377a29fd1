"""A blocking function on a thread pool.

A thread pool's futures are yielded as they are. The function blocks its thread and nothing
else: the ticks go on, and so does the upstream it asks, which lives in this same process.
"""

from concurrent.futures import ThreadPoolExecutor
from urllib.request import ProxyHandler, build_opener

from examples.guide.pattern import Pattern
from whirlwind import gen

thread_pool = ThreadPoolExecutor(4)
direct = build_opener(ProxyHandler({}))


def blocking_fetch(url):
    with direct.open(url) as response:
        return response.read()


class Threads(Pattern):
    @gen.coroutine
    def call_blocking(self):
        url = self.upstream("wind/lima")
        answer = yield thread_pool.submit(blocking_fetch, url)
        self.write(answer)

    @gen.coroutine
    def tick(self):
        for count in range(1, 4):
            yield gen.sleep(0.1)
            self.write(f"tick {count}\n")

    @gen.coroutine
    def get(self):
        yield [self.call_blocking(), self.tick()]
