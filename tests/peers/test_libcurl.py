"""Our client on libcurl before nginx, over HTTP/2."""

from __future__ import annotations

import asyncio
import pathlib
import tempfile
from collections.abc import Callable
from typing import Any

import pycurl
import pytest
import uvloop
from tests.peers.application import PIECES, application
from tests.support.peers import nginx_before
from tests.support.raw_http import run, serving

from whirlwind.curl_httpclient import CurlAsyncHTTPClient


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_requests_share_a_connection_and_bodies_are_read_as_fast_as_they_are_taken(
    factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def main() -> None:
        with tempfile.TemporaryDirectory() as path:
            async with (
                serving(application()) as running,
                nginx_before(running.port, pathlib.Path(path)),
            ):

                def prepare(handle: Any) -> None:
                    handle.setopt(pycurl.UNIX_SOCKET_PATH, f"{path}/secure.sock")
                    handle.setopt(pycurl.PIPEWAIT, 1)

                client = CurlAsyncHTTPClient(
                    force_instance=True,
                    defaults={"validate_cert": False, "prepare_curl_callback": prepare},
                )
                lines: list[str] = []
                response = await client.fetch("https://name/", header_callback=lines.append)
                assert response.body == b"Hello"
                assert lines[0].startswith("HTTP/2 200")
                assert response.reason == "OK"
                sent = b"x" * 300_000
                bodies: list[list[bytes]] = [[] for _ in range(8)]

                def fetch(number: int) -> Any:
                    def take(piece: bytes) -> Any:
                        bodies[number].append(piece)
                        return asyncio.sleep(0)

                    return client.fetch(
                        "https://name/echo", method="POST", body=sent, streaming_callback=take
                    )

                responses = await asyncio.gather(*map(fetch, range(8)))
                assert {b"".join(pieces) for pieces in bodies} == {sent}
                assert [each.time_info["connect"] for each in responses] == [0.0] * 8
                response = await client.fetch("https://name/pieces")
                assert response.body == PIECES
                client.close()

    run(main, factory)
