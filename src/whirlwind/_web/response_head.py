"""The fields that every answer begins with, made once a second.

Layer: web. Imports from ``_base`` and ``_proto``.

A handler that sets no header of its own never has an ``HTTPHeaders``: its fields go out as the
bytes that are kept here. One that does gets a copy of the same fields as an object.
"""

from __future__ import annotations

import time
from typing import Any, Final

from whirlwind._proto.http.dates import format_timestamp
from whirlwind._proto.http.headers import HTTPHeaders, encode_fields
from whirlwind._version import version

SERVER: Final = f"whirlwind/{version}"
HTML: Final = "text/html; charset=UTF-8"
JSON: Final = "application/json; charset=UTF-8"


class DefaultFields:
    """Server, Content-Type and Date as they are this second.

    Attributes:
        since, until: The second, in time since 1970; ask ``at`` for another.
        html, json: The fields as bytes, a line each, for the two types of content.
    """

    __slots__ = ("_headers", "html", "json", "since", "until")

    def __init__(self) -> None:
        self.until = self.since = 0.0
        self.html = self.json = b""
        self._headers = HTTPHeaders()

    def refresh(self, now: float) -> None:
        """Make the fields anew for the second that ``now`` is in."""
        self.since = float(int(now))
        self.until = self.since + 1
        date = format_timestamp(int(now))
        self._headers = HTTPHeaders({"Server": SERVER, "Content-Type": HTML, "Date": date})
        self.html = b"HTTP/1.1 200 OK\r\n" + encode_fields(self._headers)
        json = self._headers.copy()
        json["Content-Type"] = JSON
        self.json = b"HTTP/1.1 200 OK\r\n" + encode_fields(json)

    def headers(self, now: Any) -> HTTPHeaders:
        """Return the fields at ``now`` as an object of the caller's own.

        Args:
            now: When the request came; what is no number, as requests that the tests of programs
                make up have it, stands for this moment.
        """
        if not isinstance(now, float):
            now = time.time()
        if not self.since <= now < self.until:
            self.refresh(now)
        return self._headers.copy()


DEFAULTS: Final = DefaultFields()
