"""The line of the access log about an answer.

Layer: web. Imports from ``_base`` and ``_http``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from whirlwind._base.limits import MAX_LOGGED_TEXT
from whirlwind._base.log import access_log
from whirlwind._base.log_text import log_text
from whirlwind._http.messages import HTTPServerRequest


def level_of(status_code: int) -> int:
    """Return the level at which an answer is logged: below 400, below 500 and above."""
    if status_code < 400:
        return logging.INFO
    return logging.WARNING if status_code < 500 else logging.ERROR


def summary_of(request: HTTPServerRequest) -> str:
    """Return what the log says of a request: method, target and address of the client.

    Both of the first are the client's to choose: what could pass for a line of its own is escaped,
    what is long is cut.
    """
    method, uri = str(request.method), str(request.uri)
    if not (len(uri) + len(method) <= MAX_LOGGED_TEXT and uri.isprintable()):
        method, uri = log_text(method, 64), log_text(uri)
    return f"{method} {uri} ({request.remote_ip})"


def write_access_line(
    status_code: int, request: HTTPServerRequest, summary: Callable[[], str]
) -> None:
    """Write the line about an answer, if anybody wants it.

    Args:
        status_code: The answer's status.
        request: The request, for the time that it took.
        summary: Returns what the line says of the request; not called where nothing is logged.
    """
    level = level_of(status_code)
    if access_log.isEnabledFor(level):
        access_log.log(
            level, "%d %s %.2fms", status_code, summary(), 1000.0 * request.request_time()
        )
