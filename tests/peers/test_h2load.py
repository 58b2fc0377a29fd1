"""h2load, as a crowd that speaks HTTP/1.1."""

from __future__ import annotations

import re

import pytest
from tests.peers.application import application
from tests.support.peers import output_of
from tests.support.raw_http import run, serving


@pytest.mark.parametrize("path", ["/", "/pieces"])
def test_every_request_of_a_crowd_is_answered(path: str) -> None:
    reports = []

    async def main() -> None:
        async with serving(application()) as running:
            crowd = ("--h1", "-n", "1000", "-c", "20", f"http://127.0.0.1:{running.port}{path}")
            reports.append((await output_of("h2load", *crowd))[0].decode())

    run(main)
    assert re.search(r"1000 succeeded, 0 failed, 0 errored, 0 timeout", reports[0]), reports[0]
    assert "1000 2xx, 0 3xx, 0 4xx, 0 5xx" in reports[0]
