"""Heads of requests: the request line and the header block (RFC 9112, sections 2 to 6).

Layer: protocols. Imports from ``_base`` and from within ``_proto`` only.

Theory of operation
-------------------
A head is taken in two halves, because they repeat differently. The request line differs from
request to request and is one pattern. The block of header fields is, byte for byte, what the
same client sent before: a browser, a proxy and a program each send theirs again and again. What
a block means (is it well formed, how long is the body, does the connection stay) depends on its
bytes alone, so it is decided once and remembered by its bytes, up to a bound in number and size.
Whole heads are remembered as well, once their block is known, for clients that ask for the same
thing again and again; and single lines, for blocks of which one line is new.

A block that was not seen before passes two judges, and both must agree: llhttp, which is told a
request line of our own so that methods it has never heard of are no error, and the checks here,
which are stricter where llhttp is lenient: a line ends with CRLF, never with a lone LF or CR; no
field is folded over two lines; a name is a token and touches its colon; one Host; one
Content-Length, of digits; Transfer-Encoding is exactly ``chunked`` and stands alone; the target
is of the form that belongs to its method (``request_target.py``).
"""

from __future__ import annotations

import copy
import re
from typing import Final, TypeAlias

import httptools

from whirlwind._base.late_pattern import late_pattern
from whirlwind._base.limits import MAX_REMEMBERED_HEADS
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http1.field_lines import FieldLines
from whirlwind._proto.http1.request_target import check_target, is_host

# method SP request-target SP HTTP-version CRLF; bytes above 0x7f and "#" in a target are not
# allowed by the RFC and sent by clients of old all the same: characters like others. Minor
# versions above 1 are read as 1.1 (RFC 9110, section 2.5).
_LINE: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!-~\x80-\xff]+) HTTP/1\.([0-9])\r\n")
_OTHER_VERSION: Final = late_pattern(rb"[!#-~]+ [!-~\x80-\xff]+ HTTP/[02-9]\.[0-9]\r\n")
# Eighteen digits fit 63 bits; a longer number is over every limit anyway.
_DIGITS: Final = re.compile(r"[0-9]{1,18}")

_METHODS: Final = {
    name.encode(): name
    for name in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE")
}

# The parser calls back only what its protocol has; its word on the whole is all we ask.
_NOBODY: Final = object()

# Longer heads are not worth the memory.
_LONGEST_REMEMBERED: Final = 2048
_LONGEST_HOST: Final = 255

# Hosts found to be well formed: the same few in every request.
_hosts: Final[set[str]] = set()


class MalformedRequestLine(HTTPInputError):
    """The first line is none of HTTP/1; nothing is known of who speaks, or what."""


class HeaderBlock:
    """What one block of header fields says; shared between requests, so never changed.

    Attributes:
        headers: The fields; copy before handing them to a program.
        content_length: Bytes of body announced; None if none were.
        chunked: True if the body is chunked.
        close: True if the client asks to close the connection after the answer.
        keep_alive: True if the client asks to keep it, which HTTP/1.0 needs and 1.1 implies.
        expects_continue: True if the client waits for ``100 Continue`` before its body.
        if_none_match: The entity tags that the client holds, as sent; None for none.
        unknown_expectation: What the client expects besides ``100 Continue``; None for nothing.
        hosts: How many Host fields say something: 0 or 1.
    """

    __slots__ = (
        "chunked",
        "close",
        "content_length",
        "expects_continue",
        "has_body",
        "headers",
        "hosts",
        "if_none_match",
        "keep_alive",
        "unknown_expectation",
    )

    def __init__(self, headers: HTTPHeaders) -> None:
        self.headers = headers
        # One pass over the names; most of those asked for below are in no request.
        names = set(headers)
        self.hosts = 0
        # What is repeated comes joined by commas, which none of the first three may have.
        if "Host" in names:
            host = headers["Host"]
            self.hosts = 1 if host and host[0] != ":" else 0
            if host not in _hosts:
                if not is_host(host):
                    raise _bad_host(headers)
                if len(_hosts) < MAX_REMEMBERED_HEADS and len(host) <= _LONGEST_HOST:
                    _hosts.add(host)
        self.content_length: int | None = None
        self.chunked = False
        if "Transfer-Encoding" in names:
            if "Content-Length" in names:
                raise HTTPInputError("Message with both Transfer-Encoding and Content-Length")
            coding = headers["Transfer-Encoding"]
            if coding.lower() != "chunked":
                # 400 also where RFC 9112, section 6.1, prefers 501: Tornado's suite wants it.
                raise HTTPInputError(
                    f"Unsupported Transfer-Encoding {coding[:40]}: expected chunked"
                )
            self.chunked = True
        elif "Content-Length" in names:
            length = headers["Content-Length"]
            if _DIGITS.fullmatch(length) is None:
                raise _bad_length(length)
            self.content_length = int(length)
        self.has_body = self.chunked or bool(self.content_length)
        self.close = self.keep_alive = False
        if "Connection" in names:
            options = [option.strip(" \t") for option in headers["Connection"].lower().split(",")]
            self.close = "close" in options
            # Of the two close is the one that counts (RFC 9112, section 9.3).
            self.keep_alive = "keep-alive" in options and not self.close
        self.if_none_match = headers["If-None-Match"] if "If-None-Match" in names else None
        self.expects_continue = False
        self.unknown_expectation: str | None = None
        if "Expect" in names:
            for expectation in headers["Expect"].split(","):
                expectation = expectation.strip(" \t")
                if expectation.lower() == "100-continue":
                    self.expects_continue = True
                elif expectation:
                    self.unknown_expectation = expectation


def _bad_host(headers: HTTPHeaders) -> HTTPInputError:
    hosts = headers.get_list("Host")
    if len(hosts) > 1:
        return HTTPInputError("Multiple host headers not allowed: expected one Host")
    return HTTPInputError(f"Invalid Host header {hosts[0][:40]!r}")


def _bad_length(length: str) -> HTTPInputError:
    given = length.split(",")
    if len(given) > 1:
        unequal = "unequal " if len(set(given)) > 1 else ""
        return HTTPInputError(f"Multiple {unequal}Content-Lengths {length[:40]!r}: expected one")
    return HTTPInputError(f"Only integer Content-Length is allowed: {length[:40]!r}")


def _without_next(block: HeaderBlock) -> HeaderBlock:
    # Who was refused a tunnel may have sent its first bytes already: they are no request.
    last = copy.copy(block)
    last.close = True
    last.keep_alive = False
    return last


# Method, request target, version ("HTTP/1.0" or "HTTP/1.1") and block: a tuple, because one is made
# for each request, and taken apart at once.
RequestHead: TypeAlias = tuple[str, str, str, HeaderBlock]


class RequestHeadReader:
    """Takes heads apart; one for each server, since it remembers what it saw.

    Args:
        takes_https: As the attribute.

    Attributes:
        takes_https: Whether clients may ask for ``https`` URLs; see ``check_target``.
        remembered: Whole heads against what ``read`` says of them: look here first.
    """

    __slots__ = ("_blocks", "_lines", "_parser", "remembered", "takes_https")

    def __init__(self, *, takes_https: bool = True) -> None:
        self.takes_https = takes_https
        self.remembered: dict[bytes, RequestHead] = {}
        self._blocks: dict[bytes, HeaderBlock] = {}
        self._lines = FieldLines()
        self._parser = httptools.HttpRequestParser(_NOBODY)

    def read(self, head: bytes) -> RequestHead:
        """Take one head apart.

        Args:
            head: The whole head, with the empty line that ends it.

        Returns:
            What the head says.

        Raises:
            HTTPInputError: The head breaks the grammar or a limit; ``status`` says with what
                to answer (400, 417, 421, 431, 505). Close the connection afterwards.

        Source: RFC 9112, sections 2.2, 3, 5 and 6.
        """
        line = _LINE.match(head)
        if line is None:
            raise self._bad_line(head)
        method, target, minor = line.groups()
        tail = head[line.end() :]
        block = self._blocks.get(tail)
        again = block is not None
        if block is None:
            block = self._examine(tail)
        if minor == b"0":
            version = "HTTP/1.0"
        else:
            if not block.hosts:
                found = "Empty" if "Host" in block.headers else "Missing"
                raise HTTPInputError(f"{found} Host header")
            if block.unknown_expectation is not None:
                raise HTTPInputError(
                    f"Expect {block.unknown_expectation[:40]!r}: expected 100-continue", status=417
                )
            version = "HTTP/1.1"
        name = _METHODS.get(method)
        if name is None:
            name = method.decode("ascii")
        text = target.decode("latin-1")
        if target[0] != 47 or name == "CONNECT":
            check_target(name, text, takes_https=self.takes_https)
            if name == "CONNECT":
                block = _without_next(block)
        known = name, text, version, block
        if again and len(head) <= _LONGEST_REMEMBERED:
            if len(self.remembered) >= MAX_REMEMBERED_HEADS:
                self.remembered.clear()
            self.remembered[head] = known
        return known

    @staticmethod
    def _bad_line(head: bytes) -> HTTPInputError:
        start = head[:40]
        if _OTHER_VERSION().match(head) is not None:
            return HTTPInputError(
                f"Unexpected HTTP version in {start!r}: expected HTTP/1.0 or 1.1", status=505
            )
        return MalformedRequestLine(f"Malformed HTTP request line {start!r}")

    def _examine(self, tail: bytes) -> HeaderBlock:
        block = HeaderBlock(self._lines.fields_of(tail))
        self._second_opinion(tail, block)
        if len(tail) <= _LONGEST_REMEMBERED:
            if len(self._blocks) >= MAX_REMEMBERED_HEADS:
                self._blocks.clear()
            self._blocks[tail] = block
        return block

    def _second_opinion(self, tail: bytes, block: HeaderBlock) -> None:
        parser = self._parser
        try:
            parser.feed_data(b"GET / HTTP/1.1\r\n" + tail)
        except httptools.HttpParserUpgrade:
            self._parser = httptools.HttpRequestParser(_NOBODY)
        except httptools.HttpParserError as error:
            self._parser = httptools.HttpRequestParser(_NOBODY)
            raise HTTPInputError(f"malformed header: {error}") from error
        else:
            if block.has_body or block.close:
                # It now waits for a body, or for the connection to close: no use for another.
                self._parser = httptools.HttpRequestParser(_NOBODY)


def begins_with_lf_line(wire: bytes) -> bool:
    """True if the first line of ``wire`` ends with LF alone."""
    end = wire.find(b"\n")
    return end >= 0 and wire[end - 1 : end] != b"\r"


def with_crlf(wire: bytes) -> bytes | None:
    """Give a head whose lines end with LF alone the line ends that it should have.

    A recipient may take LF for a line's end, and Tornado does until 6.7: programs that write
    requests by hand send it. But readers who differ about a lone LF in the midst of CRLFs differ
    about fields, bodies and the next request. So a head ends all its lines in the same way, and
    where it does so with LF, no CR may stand in it.

    Args:
        wire: Bytes that begin with such a head (``begins_with_lf_line``).

    Returns:
        ``wire`` with CRLF in its head; None if the head is not all there yet.

    Raises:
        HTTPInputError: The head holds a CR.

    Source: RFC 9112, section 2.2.
    """
    end = wire.find(b"\n\n", 1)
    head = wire if end < 0 else wire[:end]
    if b"\r" in head:
        raise HTTPInputError("lines of the header end with LF and with CRLF: expected CRLF")
    if end < 0:
        return None
    return head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + wire[end + 2 :]
