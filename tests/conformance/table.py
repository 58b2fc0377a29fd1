"""All cases, and the rules of SHOULD and MUST that no case of the table can show."""

from __future__ import annotations

from dataclasses import dataclass

from tests.conformance import (
    cases_9110,
    cases_9112_connection,
    cases_9112_framing,
    cases_9112_message,
)
from tests.conformance.case import Case, Level

CASES: list[Case] = [
    case
    for module in (cases_9112_message, cases_9112_framing, cases_9112_connection, cases_9110)
    for section in module.SECTIONS
    for case in section.cases
]


@dataclass(frozen=True)
class Rule:
    """A rule that no bytes can show, or that is left to the program.

    Attributes:
        section: As for a case.
        level: As for a case.
        rule: The rule in short.
        followed: Whether the server sees to it.
        why: How it does, or the reason why it does not.
    """

    section: str
    level: Level
    rule: str
    followed: bool
    why: str


RULES: list[Rule] = [
    Rule(
        "9112 3.2.4",
        "MUST",
        "OPTIONS of a URL without a path is sent on as *",
        False,
        "For proxies. A program sees the path /; request.uri has the form.",
    ),
    Rule(
        "9112 6.1",
        "MUST",
        "no Transfer-Encoding is sent unless the request was of HTTP/1.1",
        True,
        "See the cases of RFC 9110, section 8.6.",
    ),
    Rule(
        "9112 9.3",
        "SHOULD",
        "HTTP/1.0 connections persist for no proxy",
        False,
        "Nobody can tell. keep-alive is honoured, as nearly everywhere.",
    ),
    Rule(
        "9112 9.5",
        "SHOULD",
        "idle connections are closed, and the other side's end is seen",
        True,
        "idle_connection_timeout; a client's end is noticed while a handler works.",
    ),
    Rule(
        "9112 9.6",
        "SHOULD",
        "a connection is closed in two steps, so that the answer arrives",
        True,
        "After an early answer the server ends its side and reads on: 1 MiB, 5 s.",
    ),
    Rule(
        "9112 9.8", "MUST", "TLS ends with closure alerts", True, "The loop's transports send them."
    ),
    Rule(
        "9110 4.3.3",
        "MUST",
        "an https origin is answered for only with its certificate",
        True,
        "https is refused without TLS, unless protocol= or xheaders= say that a "
        "proxy has it. Which hosts a program serves is for its host rules (add_handlers).",
    ),
    Rule(
        "9110 6.5.1",
        "SHOULD",
        "trailers are not used before their fields are known to be safe",
        True,
        "They are never merged; a program does not see them.",
    ),
    Rule(
        "9110 8.3",
        "SHOULD",
        "an answer with content has a Content-Type",
        True,
        "Handlers set text/html or application/json.",
    ),
    Rule(
        "9110 9.2.1",
        "MUST",
        "safe methods change nothing",
        False,
        "The program's: HTTP cannot look into it.",
    ),
    Rule(
        "9110 9.3.7",
        "SHOULD",
        "OPTIONS is answered with what is supported",
        False,
        "As in Tornado, a handler without options() answers 405; Allow then names its methods.",
    ),
    Rule(
        "9110 11.6.1",
        "MUST",
        "401 comes with WWW-Authenticate",
        False,
        "Only the program knows the scheme; as in Tornado.",
    ),
    Rule(
        "9110 11.7.1",
        "MUST",
        "407 comes with Proxy-Authenticate",
        False,
        "The program's, as above.",
    ),
    Rule(
        "9110 12.5.5",
        "SHOULD",
        "Vary names what an answer was chosen by",
        False,
        "The program's: it alone knows what it looked at.",
    ),
    Rule(
        "9110 13.1.1",
        "MUST",
        "If-Match that does not match is answered with 412",
        False,
        "The method is performed before its answer has a tag. Programs that can compare "
        "in prepare and raise HTTPError(412), as in Tornado.",
    ),
    Rule(
        "9110 13.1.4",
        "MUST",
        "If-Unmodified-Since is answered with 412 where it does not hold",
        False,
        "The program's, as If-Match.",
    ),
    Rule(
        "9110 15.5.13",
        "MAY",
        "a request without Content-Length may be answered with 411",
        False,
        "Chunked bodies are taken.",
    ),
    Rule(
        "9110 15.5.14",
        "SHOULD",
        "a body that is too large is answered with 413",
        False,
        "Tornado answers 400 and its suite wants it.",
    ),
    Rule(
        "9110 15.5.22",
        "MUST",
        "426 comes with Upgrade",
        False,
        "The program's; WebSocket handlers send it.",
    ),
    Rule(
        "9110 15.6.2",
        "SHOULD",
        "501 is the answer to methods that no resource has",
        False,
        "405, see section 9.1.",
    ),
    Rule(
        "6265 4.1.1",
        "SHOULD",
        "one cookie is set once in an answer",
        True,
        "set_cookie keeps the last.",
    ),
]
