"""Callbacks through gen.Task.

An interface from before futures returns nothing and calls back later. `gen.Task` adds the
`callback` argument and turns the call into something to yield.
"""

from examples.guide.pattern import Pattern
from whirlwind import gen
from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.ioloop import IOLoop


def ask_station(url, callback):
    def answered(future):
        callback(future.result().body)

    future = AsyncHTTPClient().fetch(url)
    IOLoop.current().add_future(future, answered)


class Callbacks(Pattern):
    @gen.coroutine
    def get(self):
        # No parentheses after ask_station: the call is Task's.
        url = self.upstream("wind/lima")
        answer = yield gen.Task(ask_station, url)
        self.write(answer)
