"""The demo as a program: its address, its end, its patterns without a browser."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from typing import Any

import pytest
from tests.demo.conftest import DemoProcess

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def read(url: str, method: str = "GET") -> bytes:
    with DIRECT.open(urllib.request.Request(url, method=method)) as answer:
        body: bytes = answer.read()
    return body


def events(url: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read(url, "POST").splitlines()]


def test_it_prints_its_address_and_ends_well() -> None:
    demo = DemoProcess("--port", "0")
    assert demo.url.startswith("http://127.0.0.1:")
    assert b"What waits for what" in read(demo.url)
    assert demo.stop() == 0
    assert demo.said.endswith("Stopped.\n")
    assert "Traceback" not in demo.said


def test_a_taken_port_is_said_in_two_lines() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        demo = DemoProcess("--port", str(port))
        assert demo.end() == 1
    assert demo.said.splitlines() == [
        f"Cannot listen on 127.0.0.1:{port}: Address already in use",
        "Give another port with --port, or --port 0 for a free one.",
    ]


def test_a_pattern_answers_a_plain_get(demo: DemoProcess) -> None:
    assert read(f"{demo.url}run/fetch") == b"Lima: 3 m/s\n"
    assert read(f"{demo.url}run/interleave").endswith(b"The night will be calm.\n")


def test_a_plain_get_of_a_failing_pattern_is_a_500(demo: DemoProcess) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        read(f"{demo.url}run/fetch?fail=1")
    assert caught.value.code == 500
    caught.value.close()


def test_the_event_stream_tells_a_run_from_its_start_to_its_end(demo: DemoProcess) -> None:
    stream = events(f"{demo.url}run/fetch")
    kinds = [event["kind"] for event in stream]
    assert kinds[0] == "started"
    assert kinds[-1] == "done"
    assert kinds.count("started") == kinds.count("ended") == 2
    first, second = (event for event in stream if event["kind"] == "started")
    assert (first["id"], first["parent"], first["name"]) == (1, None, "Fetch.get")
    assert (second["id"], second["parent"], second["name"]) == (2, 1, "fetch_coroutine")
    outer = next(event for event in stream if event["kind"] == "waits" and event["id"] == 1)
    assert outer["on"] == [2]
    assert outer["file"] == "fetch.py"
    times = [event["time"] for event in stream if "id" in event]
    assert times == sorted(times)


def test_a_run_that_fails_says_so_in_its_stream(demo: DemoProcess) -> None:
    stream = events(f"{demo.url}run/fetch?fail=1")
    assert [event["kind"] for event in stream][-2:] == ["error", "done"]
    error = stream[-2]
    assert error["type"] == "HTTPClientError"
    assert "Station In Lima Is Down" in error["message"]
    assert [event["id"] for event in stream if event["kind"] == "failed"] == [2, 1]
