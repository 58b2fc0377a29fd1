"""What a WSGI application says with ``start_response``, and the head that becomes of it.

Layer: web. Imports from ``_proto`` and within ``_web``.
"""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any, Final
from wsgiref.util import is_hop_by_hop

from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import ResponseStartLine
from whirlwind._proto.http.status import has_no_body
from whirlwind._web.response_head import DEFAULTS

ExcInfo = tuple[type[BaseException], BaseException, TracebackType]

_STATUS: Final = re.compile(r"([2-9][0-9]{2})(?: (.*))?")


class WSGIHead:
    """The status and the header that a WSGI application chose, until they are sent.

    Attributes:
        code: The status code; 0 before the application chose one.
        reason: The reason phrase.
        headers: The fields.
        sent: True once it is too late to change them; whoever sends them sets it.
    """

    def __init__(self) -> None:
        self.code = 0
        self.reason = ""
        self.headers = HTTPHeaders()
        self.sent = False

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> None:
        """Take what ``start_response`` was called with.

        Args:
            status: Three digits, a blank and a phrase; from 200 on.
            headers: Names and values. Of the hop-by-hop ones only ``Connection: close`` counts,
                the others are the server's business.
            exc_info: That of an error, of which this is the page.

        Raises:
            RuntimeError: It was called before, and this is about no error.
            ValueError, TypeError: ``status`` or a field is not what it has to be.
            BaseException: That of ``exc_info``, if the head was sent already.

        Source: PEP 3333, "The start_response() Callable".
        """
        if exc_info is not None:
            try:
                if self.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # a traceback that holds this frame, which holds it
        elif self.code:
            raise RuntimeError("start_response() was called again, without exc_info")
        match = _STATUS.fullmatch(status)
        if match is None:
            raise ValueError(
                f"status of a WSGI application is {status[:40]!r}: expected '200 OK' or the like"
            )
        fields = HTTPHeaders()
        for name, value in headers:
            if not isinstance(name, str) or not isinstance(value, str):
                raise TypeError(
                    f"header {name!r:.40}: {value!r:.40} of a WSGI application: not str"
                )
            if is_hop_by_hop(name):
                if name.lower() == "connection" and value.lower() == "close":
                    fields["Connection"] = "close"
                continue
            fields.add(name, value)
        self.code, self.reason, self.headers = int(match[1]), match[2] or "", fields

    def finished(
        self, method: str | None, now: float, length: int | None
    ) -> tuple[ResponseStartLine, HTTPHeaders]:
        """Return the head with what a server adds to it.

        Args:
            method: The request's method.
            now: Seconds since 1970.
            length: Bytes of the body, where it is all there; None where it is not.

        Raises:
            RuntimeError: The application did not call ``start_response``.

        Source: RFC 9110, sections 8.6 and 15.3.5: no length where there can be no body. A HEAD
        without a body says nothing of the length that a GET would have.
        """
        if not self.code:
            raise RuntimeError("the WSGI application did not call start_response()")
        headers = self.headers
        usual = DEFAULTS.headers(now)
        if has_no_body(self.code):
            if self.code != 304 and "Content-Length" in headers:
                del headers["Content-Length"]
            del usual["Content-Type"]
        elif length is not None and (length or method != "HEAD"):
            usual["Content-Length"] = str(length)
        for name, value in usual.get_all():
            if name not in headers:
                headers[name] = value
        return ResponseStartLine("HTTP/1.1", self.code, self.reason), headers


def check_chunk(chunk: Any) -> bytes:
    """Return a piece of a body, if it is one.

    Raises:
        TypeError: It is not bytes.
    """
    if isinstance(chunk, bytes):
        return chunk
    raise TypeError(
        f"a WSGI application made {chunk!r:.40} of type {type(chunk).__name__}: not bytes"
    )
