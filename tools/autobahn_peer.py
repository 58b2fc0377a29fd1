"""What the Autobahn test suite talks to: an echo server, an echo client; and a count of results."""

from __future__ import annotations

import asyncio
import collections
import json
import pathlib
import socket
import sys
import time
from typing import Any


def print_nothing(_: object) -> None:
    pass


async def serve(port: int) -> None:
    from whirlwind.web import Application
    from whirlwind.websocket import WebSocketHandler

    class Echo(WebSocketHandler):
        def get_compression_options(self) -> dict[str, Any]:
            return {}

        def on_message(self, message: str | bytes) -> Any:
            return self.write_message(message, binary=isinstance(message, bytes))

    settings: dict[str, Any] = {"websocket_max_message_size": 2**26}
    application = Application([("/", Echo)], log_function=print_nothing, **settings)
    application.listen(port, "127.0.0.1")
    await asyncio.Event().wait()


async def ask(port: int) -> None:
    from whirlwind.websocket import WebSocketClosedError, websocket_connect

    url = f"ws://127.0.0.1:{port}"
    counter = await websocket_connect(f"{url}/getCaseCount")
    count = int(await counter.read_message() or 0)
    for case in range(1, count + 1):
        connection = await websocket_connect(
            f"{url}/runCase?case={case}&agent=whirlwind",
            compression_options={},
            max_message_size=2**26,
        )
        while (message := await connection.read_message()) is not None:
            try:
                await connection.write_message(message, binary=isinstance(message, bytes))
            except WebSocketClosedError:
                pass  # the case was to break the rules, and did so after this message
    last = await websocket_connect(f"{url}/updateReports?agent=whirlwind")
    await last.read_message()


def count(report: str) -> bool:
    """Print how many cases ended in which way, and which ones not as they should; True for none."""
    results = json.loads(pathlib.Path(report).read_text())["whirlwind"]
    bad = []
    for kind in ("behavior", "behaviorClose"):
        counts = collections.Counter(result[kind] for result in results.values())
        print("   ", kind, dict(counts))
        bad += [
            f"{name} {result[kind]}"
            for name, result in results.items()
            if result[kind] not in ("OK", "INFORMATIONAL")
        ]
    for line in bad:
        print("       ", line)
    return not bad


def await_listening(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nobody listens on port {port}")


if __name__ == "__main__":
    if sys.argv[1] == "count":
        sys.exit(not count(sys.argv[2]))
    elif sys.argv[1] == "await":
        await_listening(int(sys.argv[2]))
    else:
        asyncio.run({"server": serve, "client": ask}[sys.argv[1]](int(sys.argv[2])))
