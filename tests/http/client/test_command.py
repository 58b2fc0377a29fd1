"""``python -m whirlwind.httpclient``, as a user runs it."""

from __future__ import annotations

import asyncio
import sys

import pytest
from tests.support.scripted_http import HELLO, ScriptedServer, run, serving

MISSING = b"HTTP/1.1 404 Not Found\r\nX-Why: gone\r\nContent-Length: 2\r\n\r\nno"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 4\r\n\r\nmove"


async def command(server: ScriptedServer, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "default", "-m", "whirlwind.httpclient", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize(
    ("replies", "options", "printed", "requests"),
    [
        pytest.param([HELLO], [], "hello\n", 1, id="body"),
        pytest.param([HELLO], ["--print_body=false"], "", 1, id="no body"),
        pytest.param(
            [MISSING], ["--print_headers"], "X-Why: gone\nContent-Length: 2\n\nno\n", 1, id="404"
        ),
        pytest.param([MOVED, HELLO], [], "hello\n", 2, id="redirect"),
        pytest.param([MOVED], ["--follow_redirects=0"], "move\n", 1, id="no redirect"),
    ],
)
def test_it_prints_what_was_asked_for_and_nothing_else(
    replies: list[bytes], options: list[str], printed: str, requests: int
) -> None:
    async def main() -> None:
        async with serving(*replies) as (server, _):
            code, out, err = await command(server, *options, server.url)
            assert (code, out, err) == (0, printed, "")
            assert len(server.requests) == requests

    run(main())


def test_several_urls_are_fetched_in_order() -> None:
    async def main() -> None:
        async with serving(HELLO, MISSING) as (server, _):
            code, out, _err = await command(server, server.url, server.url)
            assert (code, out) == (0, "hello\nno\n")
            assert server.connections == 1

    run(main())


def test_a_failure_without_a_response_is_told() -> None:
    async def main() -> None:
        async with serving(None) as (server, _):
            code, out, err = await command(server, server.url)
            assert code != 0
            assert out == ""
            assert "before a response came" in err

    run(main())
