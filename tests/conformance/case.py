"""One row of the table: a rule, the bytes that put it to the test, and what has to come of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

#: What a case runs on: a ``web.Application``; a function that takes whole requests; a delegate
#: that takes them piece by piece.
Kind: TypeAlias = Literal["application", "callback", "delegate"]
ALL: tuple[Kind, ...] = ("application", "callback", "delegate")
APPLICATION: tuple[Kind, ...] = ("application",)
RAW: tuple[Kind, ...] = ("callback", "delegate")

Level: TypeAlias = Literal["MUST", "SHOULD", "MAY"]


@dataclass(frozen=True)
class Taken:
    """The program gets the request, as described; what is None is not looked at.

    Attributes:
        fields: Header fields that it sees; None for one that must not be there.
        closes: True if nothing after the request is read, and the connection ends.
        interim: Statuses of 1xx that come first.
    """

    method: str = "GET"
    target: str | None = None
    path: str | None = None
    query: str | None = None
    host: str | None = None
    version: str | None = None
    body: bytes = b""
    fields: Mapping[str, str | None] = field(default_factory=dict)
    closes: bool = False
    interim: tuple[int, ...] = ()


@dataclass(frozen=True)
class Refused:
    """One answer with this status; the program sees nothing; the connection ends."""

    status: int = 400


@dataclass(frozen=True)
class Answered:
    """The answer itself is what the rule is about.

    Attributes:
        fields: Header fields that it has; None for one that must not be there, "*" for any value.
        closes: As for ``Taken``.
        others: Statuses of the answers to the further requests that ``sent`` holds.
    """

    status: int = 200
    fields: Mapping[str, str | None] = field(default_factory=dict)
    body: bytes | None = None
    closes: bool = False
    interim: tuple[int, ...] = ()
    others: tuple[int, ...] = ()


@dataclass(frozen=True)
class Silent:
    """The request is not complete when the client is done: no answer, and nothing is seen."""


Verdict: TypeAlias = Taken | Refused | Answered | Silent


@dataclass(frozen=True)
class Case:
    """A row.

    Attributes:
        id: A few words; unique within its section.
        section: ``"9112 3.2"``: the RFC's number and the section's.
        level: The rule's own word for how binding it is.
        rule: The rule in short.
        sent: Bytes of the request, or of several; a further one follows on the connection.
        verdict: What has to come of them.
        on: What the case runs on.
        differs: Why the verdict is not the one that the rule asks for; empty if it is.
    """

    id: str
    section: str
    level: Level
    rule: str
    sent: bytes
    verdict: Verdict
    on: tuple[Kind, ...] = ALL
    differs: str = ""

    @property
    def name(self) -> str:
        return f"{self.section} {self.id}"


class Section:
    """Makes the cases of one rule after another, so that a table need not repeat itself."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.cases: list[Case] = []
        self._level: Level = "MUST"
        self._rule = ""

    def rule(self, level: Level, text: str) -> None:
        """The cases that follow are of this rule."""
        self._level = level
        self._rule = text

    def case(
        self,
        id: str,
        sent: bytes,
        verdict: Verdict,
        on: tuple[Kind, ...] = ALL,
        differs: str = "",
    ) -> None:
        self.cases.append(
            Case(id, self.number, self._level, self._rule, sent, verdict, on, differs)
        )


# --- bytes ------------------------------------------------------------------------------------


def request(
    line: bytes = b"GET /a HTTP/1.1", *fields: bytes, host: bytes | None = b"h", body: bytes = b""
) -> bytes:
    """A request with its lines ended by CRLF; ``host`` comes first."""
    lines = [line] if host is None else [line, b"Host: " + host]
    return b"\r\n".join([*lines, *fields, b"", b""]) + body


def fixed(length: bytes, body: bytes = b"hello", *fields: bytes) -> bytes:
    """A POST with this ``Content-Length``."""
    return request(b"POST /a HTTP/1.1", b"Content-Length: " + length, *fields, body=body)


def chunked(wire: bytes, *fields: bytes, coding: bytes = b"chunked") -> bytes:
    """A POST with this ``Transfer-Encoding`` and body."""
    return request(b"POST /a HTTP/1.1", b"Transfer-Encoding: " + coding, *fields, body=wire)
