"""A program in the style of 2014, in a process of its own, with two names replaced.

It is kept as text: written to Tornado 4 and Motor 1, it becomes a program of ours by replacing
``tornado`` by ``whirlwind`` and ``motor`` by ``whirlwind.mongo``, and nothing else.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import pytest
from tests.support.upstream import PARTS, Upstream

PROGRAM = """
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import motor
import tornado.httpserver
import tornado.ioloop
import tornado.netutil
import tornado.web
from tornado import gen
from tornado.concurrent import return_future
from tornado.httpclient import AsyncHTTPClient, HTTPError

upstream, mongo_uri, database_name = sys.argv[1:]
thread_pool = ThreadPoolExecutor(4)
http_client = AsyncHTTPClient()


@gen.coroutine
def fetch_coroutine(path):
    response = yield http_client.fetch(upstream + path)
    raise gen.Return(response.body)


def old_interface(first, second, callback):
    loop = tornado.ioloop.IOLoop.instance()
    loop.add_callback(lambda: callback("%s-%s" % (first, second)))


def two_results(callback):
    callback(1, 2, three=3)


@return_future
def future_of_callback(value, callback):
    callback(value)


def blocking_func(path):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(upstream + path).read()


class Fetch(tornado.web.RequestHandler):
    @tornado.web.asynchronous
    @gen.coroutine
    def get(self):
        body = yield fetch_coroutine("/page/old")
        self.finish(body)


class Engine(tornado.web.RequestHandler):
    @tornado.web.asynchronous
    @gen.engine
    def get(self):
        body = yield gen.Task(fetch_coroutine, "/page/engine")
        self.write(body)
        self.finish()


class CallingBack(tornado.web.RequestHandler):
    @tornado.web.asynchronous
    def get(self):
        loop = tornado.ioloop.IOLoop.instance()
        loop.add_future(http_client.fetch(upstream + "/page/back"), self.on_response)

    def on_response(self, future):
        response = future.result()
        self.write("%d " % response.code)
        self.write(response.body)
        self.finish()


class Tasks(tornado.web.RequestHandler):
    @gen.coroutine
    def get(self):
        joined = yield gen.Task(old_interface, "a", second="b")
        arguments = yield gen.Task(two_results)
        old_interface("c", "d", callback=(yield gen.Callback("key")))
        waited = yield gen.Wait("key")
        future = yield future_of_callback("e")
        self.write("%s %s %s %s %s" % (joined, arguments.args, arguments.kwargs, waited, future))


class Threads(tornado.web.RequestHandler):
    @gen.coroutine
    def get(self):
        bodies = yield [
            thread_pool.submit(blocking_func, "/meet/oldthreads/2"),
            fetch_coroutine("/meet/oldthreads/2"),
        ]
        self.write(b" ".join(bodies))


class Parallel(tornado.web.RequestHandler):
    @gen.coroutine
    def get(self):
        one, two = yield [fetch_coroutine("/page/one"), fetch_coroutine("/page/two")]
        many = yield [fetch_coroutine("/meet/oldlist/3") for _ in range(3)]
        by_path = yield dict(
            (path, fetch_coroutine(path)) for path in ("/page/x", "/page/y")
        )
        self.write(one + two + b"".join(many) + by_path["/page/x"] + by_path["/page/y"])


class Interleaving(tornado.web.RequestHandler):
    number = -1

    @gen.coroutine
    def fetch_next_chunk(self):
        self.number += 1
        body = yield fetch_coroutine("/part/%d" % self.number)
        raise gen.Return(body or None)

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


class MotorLoop(tornado.web.RequestHandler):
    @gen.coroutine
    def get(self):
        db = self.settings["db"]
        yield db.collection.drop()
        yield db.collection.insert_many([{"_id": number} for number in range(5)])
        cursor = db.collection.find().sort("_id")
        while (yield cursor.fetch_next):
            doc = cursor.next_object()
            self.write("%d " % doc["_id"])


class Failing(tornado.web.RequestHandler):
    @gen.coroutine
    def get(self):
        try:
            yield fetch_coroutine("/not-there")
        except HTTPError as e:
            raise tornado.web.HTTPError(502, "upstream said %d", e.code)


class Quit(tornado.web.RequestHandler):
    def get(self):
        self.write("bye")

    def on_finish(self):
        loop = tornado.ioloop.IOLoop.instance()
        loop.add_callback(loop.stop)


if __name__ == "__main__":
    db = motor.MotorClient(mongo_uri)[database_name]
    application = tornado.web.Application([
        (r"/fetch", Fetch),
        (r"/engine", Engine),
        (r"/back", CallingBack),
        (r"/tasks", Tasks),
        (r"/threads", Threads),
        (r"/parallel", Parallel),
        (r"/interleaving", Interleaving),
        (r"/motor", MotorLoop),
        (r"/failing", Failing),
        (r"/quit", Quit),
    ], db=db)
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    server = tornado.httpserver.HTTPServer(application)
    server.add_sockets(sockets)
    print(sockets[0].getsockname()[1])
    sys.stdout.flush()
    tornado.ioloop.IOLoop.instance().start()
    print("stopped")
"""

direct = build_opener(ProxyHandler({}))


def read(url: str) -> str:
    with direct.open(url) as response:
        text: bytes = response.read()
    return text.decode()


@contextmanager
def running(program: Path, *arguments: str) -> Iterator[str]:
    """Run a program that prints its port; gives its URL, and has it stop by itself."""
    with subprocess.Popen(
        [sys.executable, str(program), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            port = process.stdout.readline().strip()
            if not port:
                raise AssertionError(process.communicate()[1])
            yield f"http://127.0.0.1:{port}"
            assert read(f"http://127.0.0.1:{port}/quit") == "bye"
            out, err = process.communicate(timeout=30)
            assert out == "stopped\n"
            assert [line for line in err.splitlines() if "/failing" not in line] == []
            assert process.returncode == 0
        finally:
            process.kill()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The program, with the names replaced."""
    path = tmp_path / "program.py"
    text = PROGRAM.replace("tornado", "whirlwind").replace("motor.", "whirlwind.mongo.")
    path.write_text(text.replace("import motor\n", "import whirlwind.mongo\n"), encoding="utf-8")
    return path


def test_a_program_of_2014_runs_with_two_names_replaced(
    program: Path, upstream: Upstream, mongo_uri: str, database_name: str
) -> None:
    with running(program, upstream.url, mongo_uri, database_name) as url:
        for _ in range(2):
            assert read(f"{url}/fetch") == "<title>old</title>"
            assert read(f"{url}/engine") == "<title>engine</title>"
            assert read(f"{url}/back") == "200 <title>back</title>"
            assert read(f"{url}/tasks") == "a-b (1, 2) {'three': 3} c-d e"
            assert read(f"{url}/threads") == "met met"
            assert read(f"{url}/parallel") == (
                "<title>one</title><title>two</title>metmetmet<title>x</title><title>y</title>"
            )
            assert read(f"{url}/interleaving") == "".join(PARTS)
            assert read(f"{url}/motor") == "0 1 2 3 4 "
            with pytest.raises(HTTPError) as caught:
                read(f"{url}/failing")
            caught.value.close()
            assert caught.value.code == 502
