"""The other side of every case: blocking sockets, nothing else. Standard library only.

``python peer.py CASE PORT`` sends what the case says and takes what comes back.
"""

from __future__ import annotations

import socket
import ssl
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from benchmarks.streams.cases import CASES, FRAME, LINE, LINES_AT_ONCE, Case


def connect(case: Case, port: int) -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", port))
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if case.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(opened)
    return opened


def take(opened: socket.socket, memory: memoryview) -> None:
    got = 0
    while got < len(memory):
        size = opened.recv_into(memory[got:])
        if not size:
            raise SystemExit("the measured side closed early")
        got += size


def echo(opened: list[socket.socket], message: bytes, count: int) -> None:
    memory = memoryview(bytearray(len(message)))
    for _ in range(count // len(opened)):
        for each in opened:
            each.sendall(message)
        for each in opened:
            take(each, memory)
    assert memory == message


def main() -> None:
    case = CASES[sys.argv[1]]
    opened = [connect(case, int(sys.argv[2])) for _ in range(case.connections)]
    first = opened[0]
    if case.kind == "echo":
        echo(opened, bytes(range(64)) * (case.size // 64), case.count)
    elif case.kind == "echo lines":
        echo(opened, LINE, case.count)
    elif case.kind == "lines":
        segment = LINE * LINES_AT_ONCE
        for _ in range(case.count // LINES_AT_ONCE):
            first.sendall(segment)
            take(first, memoryview(bytearray(1)))
    elif case.kind == "send":
        memory = memoryview(bytearray(1 << 20))
        while first.recv_into(memory):
            pass
    else:
        size = FRAME if case.kind.startswith("frames") else case.size
        block = memoryview(bytearray(size))
        for _ in range(case.count):
            first.sendall(block)
        take(first, memoryview(bytearray(1)))
    for each in opened:
        each.close()


if __name__ == "__main__":
    main()
