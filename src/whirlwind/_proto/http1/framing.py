"""How long a body is: the decisions of RFC 9112, section 6, for messages in both directions.

Layer: protocols. Imports from ``_base`` and from within ``_proto`` only.

Where two readers of a connection could come to different answers, the message is refused: a
transfer coding other than exactly ``chunked``, one beside a length, two lengths, a length that is
no number, a body where a status has none.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from whirlwind._proto.http.errors import HTTPInputError, HTTPOutputError
from whirlwind._proto.http.grammar import _ABNF
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.status import has_no_body
from whirlwind._proto.http1.numbers import DIGITS

CHUNKED_FIELD: Final = b"Transfer-Encoding: chunked\r\n"
LAST_CHUNK: Final = b"0\r\n\r\n"

# More digits are over every limit, and int() takes time quadratic in their number.
_MOST_DIGITS: Final = 18

# The methods whose requests are sent with a body as a rule.
_METHODS_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


class BodyFraming(NamedTuple):
    """Where a body that comes in ends.

    Attributes:
        chunked: True if it is chunked.
        length: Its size in bytes; None if nothing says it. With ``chunked`` false it then ends
            with the connection.
    """

    chunked: bool
    length: int | None


def is_transfer_encoding_chunked(headers: HTTPHeaders) -> bool:
    """Tell whether a message is chunked.

    Args:
        headers: The fields of a message that came in.

    Raises:
        HTTPInputError: There is another transfer coding, or a Content-Length beside it.

    Source: RFC 9112, sections 6.1 and 6.3, rule 3.
    """
    coding = headers.get("Transfer-Encoding")
    if coding is None:
        return False
    if "Content-Length" in headers:
        raise HTTPInputError("Message with both Transfer-Encoding and Content-Length")
    if coding.lower() != "chunked":
        raise HTTPInputError(f"Unsupported Transfer-Encoding {coding[:40]}: expected chunked")
    return True


def response_framing(
    version: str, code: int, headers: HTTPHeaders, *, answers_head: bool
) -> BodyFraming:
    """Decide where the body of a response ends.

    Args:
        version: ``"HTTP/1.0"`` or ``"HTTP/1.1"``.
        code: The status code, 200 or more.
        headers: The fields.
        answers_head: Whether the request was a HEAD.

    Raises:
        HTTPInputError: The fields do not tell, or tell of a body that cannot be there.

    Source: RFC 9112, section 6.3.
    """
    if answers_head or code == 304:
        return BodyFraming(False, 0)
    chunked = is_transfer_encoding_chunked(headers)
    length = None if chunked else _length_in(headers)
    if code == 204:
        if chunked or length:
            raise HTTPInputError("Response with code 204 should not have body")
        return BodyFraming(False, 0)
    if chunked and version == "HTTP/1.0":
        raise HTTPInputError("Unsupported Transfer-Encoding 'chunked' in HTTP/1.0")
    return BodyFraming(chunked, length)


def _length_in(headers: HTTPHeaders) -> int | None:
    length = headers.get("Content-Length")
    if length is None:
        return None
    if DIGITS.fullmatch(length) is None or len(length) > _MOST_DIGITS:
        several = len(headers.get_list("Content-Length")) > 1 or "," in length
        what = "Multiple Content-Lengths" if several else "Only integer Content-Length is allowed:"
        raise HTTPInputError(f"{what} {length[:40]!r}")
    return int(length)


class OutgoingBody:
    """Puts the body of one message that goes out into its frame.

    Args:
        chunked: Whether it goes out in chunks.
        length: How many bytes were announced; None if none were.
        silent: Whether the program's body is dropped: that of an answer to HEAD, or to a status
            that has none.

    Attributes:
        chunked, silent: As above.
        left: Bytes of the announced length that are still to come; None if none was announced.
    """

    __slots__ = ("chunked", "left", "silent")

    def __init__(self, *, chunked: bool, length: int | None, silent: bool = False) -> None:
        self.chunked = chunked
        self.left = None if silent else length
        self.silent = silent

    def frame(self, chunk: bytes) -> bytes:
        """Return what goes on the wire for a piece of the body.

        Raises:
            HTTPOutputError: The body becomes longer than announced. Close the connection: its
                reader waits for another end than the one that comes.
        """
        if self.silent:
            return b""
        if self.left is not None:
            if len(chunk) > self.left:
                raise HTTPOutputError("Tried to write more data than Content-Length")
            self.left -= len(chunk)
        elif self.chunked and chunk:
            return b"%x\r\n%b\r\n" % (len(chunk), chunk)
        return bytes(chunk)

    def end(self) -> bytes:
        """Return what goes on the wire after the last piece.

        Raises:
            HTTPOutputError: Less was written than announced. Close the connection.
        """
        if self.left:
            raise HTTPOutputError(f"Tried to write {self.left} bytes less than Content-Length")
        return LAST_CHUNK if self.chunked and not self.silent else b""


class OutgoingFraming(NamedTuple):
    """How the body of a message that goes out is framed.

    Attributes:
        chunked: True if it goes out in chunks.
        length: The announced number of bytes; None if there is none.
        silent: True if the message has no body, whatever its fields say.
        adds_field: True if CHUNKED_FIELD is to be added to the header.
        closes: True if the connection ends with the body: only that tells where it ends, or its
            fields say two things about it.
    """

    chunked: bool = False
    length: int | None = None
    silent: bool = False
    adds_field: bool = False
    closes: bool = False


def answer_framing(method: str, version: str, code: int, headers: HTTPHeaders) -> OutgoingFraming:
    """Decide how the body of an answer is framed.

    Args:
        method: The method of the request.
        version: The version of the request.
        code: The status of the answer, 200 or more.
        headers: The fields of the answer, as ``allowed_framing`` leaves them.

    Raises:
        HTTPOutputError: The announced length is no number.

    Source: RFC 9112, sections 6.1 to 6.3.
    """
    length = _announced_length(headers)
    if has_no_body(code) or (method == "CONNECT" and code < 300):
        return OutgoingFraming(silent=True)
    silent = method == "HEAD"
    coding = headers.get("Transfer-Encoding")
    if coding is not None:
        # Chunks override a length beside them (rule 3), for those who read such an answer at all.
        chunked = coding.lower() == "chunked"
        closes = not silent and (not chunked or length is not None)
        return OutgoingFraming(chunked, None, silent, closes=closes)
    if length is not None:
        return OutgoingFraming(False, length, silent)
    if version == "HTTP/1.1":
        return OutgoingFraming(True, None, silent, adds_field=True)
    return OutgoingFraming(silent=silent, closes=not silent)


def request_framing(method: str, headers: HTTPHeaders) -> OutgoingFraming:
    """Decide how the body of a request is framed.

    Args:
        method: The method.
        headers: The fields.

    Returns:
        The framing. Without a length, and with a method that is usually sent without a body,
        there is none: a body would be read as the next request.

    Raises:
        HTTPOutputError: The announced length is no number, or there is a transfer coding that
            goes with no known end of the body.

    Source: RFC 9112, section 6.3, rules 6 and 7.
    """
    length = _announced_length(headers)
    coding = headers.get("Transfer-Encoding")
    if coding is not None:
        if coding.lower() != "chunked" or length is not None:
            raise HTTPOutputError(
                f"Transfer-Encoding {coding[:40]!r}: expected chunked, without Content-Length"
            )
        return OutgoingFraming(chunked=True)
    if length is not None:
        return OutgoingFraming(length=length)
    chunked = method in _METHODS_WITH_BODY
    return OutgoingFraming(chunked=chunked, length=None if chunked else 0, adds_field=chunked)


def _announced_length(headers: HTTPHeaders) -> int | None:
    length = headers.get("Content-Length")
    if length is None:
        return None
    if not isinstance(length, str) or DIGITS.fullmatch(length) is None:
        raise HTTPOutputError(f"Content-Length {length[:40]!r} is not a number")
    return int(length)


def request_line(method: str, target: str) -> bytes:
    """Return the first line of a request, with its CRLF.

    Raises:
        HTTPOutputError: The method is no token, or the target is empty or holds white space, a
            control character or one above U+00FF.

    Source: RFC 9112, section 3.
    """
    if _ABNF.token.fullmatch(method) is None:
        raise HTTPOutputError(f"method {method[:40]!r} is not a token")
    if _ABNF.request_target.fullmatch(target) is None:
        raise HTTPOutputError(f"request target {target[:40]!r} may not be sent")
    return f"{method} {target} HTTP/1.1\r\n".encode("latin-1")
