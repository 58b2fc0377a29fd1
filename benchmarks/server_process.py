"""A server under measure, in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.peers import environment, pinned


class ServerProcess:
    """One server's process, pinned to a processor; it is there once it accepts connections.

    Args:
        name: For the report.
        command: Given the port, what to run.
        ours: Whether it imports this tree.
        cpu: The processor.

    Attributes:
        name: As given.
        port: Where it listens, on 127.0.0.1.
        process: The process.
    """

    def __init__(
        self, name: str, command: Callable[[int], list[str]], *, ours: bool, cpu: int = 0
    ) -> None:
        self.name = name
        self.port = free_port()
        self.process = subprocess.Popen(
            [*pinned(cpu), *command(self.port)], stdout=subprocess.DEVNULL, env=environment(ours)
        )
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"{name} does not start")

    def processes(self, process: int | None = None) -> list[int]:
        """The server's process and its children: granian has a worker."""
        first = self.process.pid if process is None else process
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *(each for child in children for each in self.processes(int(child)))]

    def memory(self) -> int:
        """Bytes of memory that the server shares with nobody."""
        text = "".join(Path(f"/proc/{each}/smaps_rollup").read_text() for each in self.processes())
        return 1024 * sum(map(int, re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.MULTILINE)))

    def memory_of_idle(self, count: int, request: bytes, answer: bytes) -> float:
        """Bytes of memory that an open connection takes on which nothing happens.

        Args:
            count: How many to open.
            request: What each sends.
            answer: How the answer to it must begin.
        """
        before = self.memory()
        clients = []
        try:
            for _ in range(count):
                client = socket.create_connection(("127.0.0.1", self.port))
                clients.append(client)
                client.sendall(request)
                if not client.recv(4096).startswith(answer):
                    raise SystemExit(f"{self.name}: an idle connection was refused")
            return (self.memory() - before) / count
        finally:
            for client in clients:
                client.close()

    def stop(self) -> None:
        """End the server and its children."""
        for process in reversed(self.processes()):
            os.kill(process, signal.SIGKILL)
        self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
