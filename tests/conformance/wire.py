"""Reads what a server sent, as strictly as HTTP has it: whatever it should not send is an error."""

from __future__ import annotations

import re
from dataclasses import dataclass

from whirlwind._proto.http.headers import HTTPHeaders

_STATUS = re.compile(rb"HTTP/1\.1 ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_CHUNK = re.compile(rb"([0-9a-f]+)\r\n")


@dataclass
class Answer:
    """One answer, without the interim ones before it.

    Attributes:
        interim: Statuses of 1xx that came before.
        by_close: True if its body ended with the connection.
    """

    status: int
    fields: HTTPHeaders
    body: bytes
    interim: tuple[int, ...]
    by_close: bool


def read_answers(wire: bytes, methods: list[str]) -> list[Answer]:
    """Take all that came on a connection apart.

    Args:
        wire: Everything, up to the connection's end.
        methods: Methods of the requests, in order; further ones are GET.
    """
    answers: list[Answer] = []
    interim: list[int] = []
    while wire:
        head, end, wire = wire.partition(b"\r\n\r\n")
        assert end, f"no end of a head in {head!r}"
        status_line, *lines = head.split(b"\r\n")
        match = _STATUS.fullmatch(status_line)
        assert match is not None, f"not a status line: {status_line!r}"
        status = int(match[1])
        fields = HTTPHeaders()
        for line in lines:
            found = _FIELD.fullmatch(line)
            assert found is not None, f"not a field: {line!r}"
            fields.add(found[1].decode(), found[2].decode("latin-1").strip(" \t"))
        if status < 200:
            assert "Content-Length" not in fields
            assert "Transfer-Encoding" not in fields
            interim.append(status)
            continue
        method = methods[len(answers)] if len(answers) < len(methods) else "GET"
        body, wire, by_close = _body(status, method, fields, wire)
        answers.append(Answer(status, fields, body, tuple(interim), by_close))
        interim.clear()
    assert not interim, "an interim answer without the answer"
    return answers


def _body(status: int, method: str, fields: HTTPHeaders, wire: bytes) -> tuple[bytes, bytes, bool]:
    if "Content-Length" in fields and "Transfer-Encoding" in fields:
        # The one exception: see the case of "a program that sets both".
        assert fields["Connection"] == "close"
    if status == 204 or (method == "CONNECT" and status < 300):
        assert "Content-Length" not in fields
        assert "Transfer-Encoding" not in fields
    if method == "HEAD" or status in (204, 304):
        return b"", wire, False
    if "Transfer-Encoding" in fields:
        assert fields["Transfer-Encoding"] == "chunked"
        body = b""
        while True:
            match = _CHUNK.match(wire)
            assert match is not None, f"not a chunk: {wire[:40]!r}"
            size = int(match[1], 16)
            piece = wire[match.end() : match.end() + size]
            assert wire[match.end() + size :].startswith(b"\r\n")
            wire = wire[match.end() + size + 2 :]
            if not size:
                return body, wire, False
            body += piece
    if "Content-Length" in fields:
        assert re.fullmatch("[0-9]+", fields["Content-Length"])
        size = int(fields["Content-Length"])
        assert len(wire) >= size, "less came than was announced"
        return wire[:size], wire[size:], False
    return wire, b"", True
