"""Writes what libcurl tells about its work to a logger.

Layer: HTTP. Standard library and pycurl only.
"""

from __future__ import annotations

import logging
import re
from typing import Final

import pycurl

curl_log: Final = logging.getLogger("whirlwind.curl_httpclient")

# Data that is logged: libcurl's remarks and header lines. Bodies are not.
_KINDS: Final = {
    pycurl.INFOTYPE_TEXT: "*",
    pycurl.INFOTYPE_HEADER_IN: "<",
    pycurl.INFOTYPE_HEADER_OUT: ">",
}
_SECRETS: Final = re.compile(
    rb"^((?:proxy-)?authorization|(?:set-)?cookie2?)\s*:.*$", re.IGNORECASE
)
_LONGEST: Final = 500


def log_transfer(kind: int, data: bytes) -> None:
    """Log a piece of what libcurl tells; its ``DEBUGFUNCTION``.

    Credentials and cookies are left out, and control characters are escaped: a log is read by
    more people, and by more programs, than the connection was.

    Args:
        kind: One of ``pycurl.INFOTYPE_...``.
        data: Text, or one or more header lines.
    """
    mark = _KINDS.get(kind)
    if mark is None:
        return
    for line in data.splitlines():
        shown = _SECRETS.sub(rb"\1: ...", line)[:_LONGEST].decode("latin-1")
        curl_log.debug("%s %s", mark, shown.encode("unicode_escape").decode("ascii"))
