"""Every row of the table, over a socket, with a second request behind it; and at every cut."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from tests.conformance.case import Answered, Case, Kind, Refused, Silent, Taken
from tests.conformance.servers import Seen, program
from tests.conformance.table import CASES
from tests.conformance.wire import Answer, read_answers
from tests.support.raw_http import run, serving
from tests.support.transport import Transport

from whirlwind._http.server.httpserver import HTTPServer
from whirlwind._http.server.protocol import ServerProtocol

SECOND = b"GET /second HTTP/1.1\r\nHost: second\r\nConnection: close\r\n\r\n"
OPTIONS: dict[str, Any] = {"max_header_size": 16_384, "max_body_size": 1_000_000}


def methods_of(case: Case) -> list[str]:
    verdict = case.verdict
    if isinstance(verdict, Taken):
        return [verdict.method]
    return [case.sent.split(b" ")[0].decode("latin-1")]


def check_answer(answer: Answer, case: Case) -> None:
    """What holds for every answer, whatever the case is about."""
    fields = answer.fields
    # A refused request line gets a status alone; all other answers of 2xx to 4xx have a date.
    if len(fields):
        assert len(fields.get_list("Date")) == 1
        assert parsedate_to_datetime(fields["Date"])
    else:
        assert answer.status == 400
        assert isinstance(case.verdict, Refused)
    if b"HTTP/1.0" in case.sent.split(b"\r\n")[0]:
        assert answer.status == 200 or not answer.interim


def check(case: Case, wire: bytes, seen: list[Seen]) -> None:
    """Compare what came back, and what the program saw, with the verdict."""
    verdict = case.verdict
    answers = read_answers(wire, methods_of(case))
    for answer in answers:
        check_answer(answer, case)
    if isinstance(verdict, Silent):
        assert (answers, seen) == ([], [])
        return
    first = answers[0]
    if isinstance(verdict, Refused):
        assert [answer.status for answer in answers] == [verdict.status]
        assert seen == []
        return
    assert first.interim == verdict.interim
    others = verdict.others if isinstance(verdict, Answered) else ()
    if verdict.closes:
        assert len(answers) == 1, "the connection was to end"
    else:
        assert [answer.status for answer in answers[1:]] == [*others, 200]
        last = seen[-1]
        assert (last.method, last.path, last.host) == ("GET", "/second", "second")
    if isinstance(verdict, Answered):
        assert first.status == verdict.status
        for name, value in verdict.fields.items():
            found = first.fields.get(name)
            assert (found is not None) if value == "*" else (found == value), name
        assert verdict.body is None or first.body == verdict.body
        return
    assert first.status == 200
    assert len(seen) == (1 if verdict.closes else 2)
    request = seen[0]
    assert (request.method, request.body) == (verdict.method, verdict.body)
    for name in ("target", "path", "query", "host", "version"):
        expected = getattr(verdict, name)
        assert expected is None or getattr(request, name) == expected, name
    for name, value in verdict.fields.items():
        assert request.fields.get(name) == value, name


RUNS = [pytest.param(case, kind, id=f"{case.name} [{kind}]") for case in CASES for kind in case.on]


@pytest.mark.parametrize(("case", "kind"), RUNS)
def test_case(case: Case, kind: Kind) -> None:
    async def main() -> None:
        seen: list[Seen] = []
        async with serving(program(kind, seen), **OPTIONS) as running:
            client = await running.connect()
            if isinstance(case.verdict, Silent):
                await client.send(case.sent)
                client.writer.write_eof()
            else:
                await client.send(case.sent + SECOND)
            wire = await client.rest()
        check(case, wire, seen)

    run(main)


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in CASES if len(c.sent) < 400])
def test_where_the_bytes_are_cut_does_not_matter(case: Case) -> None:
    # Whether 100 Continue is sent does depend on whether the body is there already.
    if b"Expect" in case.sent:
        return
    kind = case.on[0]

    async def main() -> None:
        seen: list[Seen] = []
        server = HTTPServer(program(kind, seen), **OPTIONS)
        server.clock = lambda: 1_000_000_000.0

        def result(pieces: list[bytes]) -> tuple[bytes, list[Seen]]:
            seen.clear()
            transport = Transport()
            protocol = ServerProtocol(server)
            protocol.connection_made(transport)
            for piece in pieces:
                if transport.closed:
                    break
                protocol.data_received(piece)
            protocol.connection_lost(None)
            return transport.written, list(seen)

        wire = case.sent + (b"" if isinstance(case.verdict, Silent) else SECOND)
        written, requests = result([wire])
        whole = written, [vars(request) for request in requests]
        for cut in range(1, len(wire)):
            written, requests = result([wire[:cut], wire[cut:]])
            assert (written, [vars(request) for request in requests]) == whole, cut
        written, requests = result([wire[at : at + 1] for at in range(len(wire))])
        assert (written, [vars(request) for request in requests]) == whole, "byte by byte"

    run(main)


def test_ids_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
