"""An answer that needs nothing special, sent in one go.

Layer: web. Imports from ``_http`` and within ``_web``.

Theory of operation
-------------------
Most answers are all there when the handler finishes them, with status 200 and a header that
nobody has touched. What is to be done for one is then known: its tag, its length, one write.
``send_plain`` does that without the steps that a program may replace (``flush``, ``compute_etag``
…), once it has seen that nobody has replaced any of them, in the handler's class or in the
handler; and where the answer is not of that kind it does nothing, and the handler goes through
its steps.

Compiled, these functions were 1.2 times as fast: what they cost is the objects that they make and
ask, which are Python's. So they are no kernel.
"""

from __future__ import annotations

import asyncio
from types import MethodType
from typing import TYPE_CHECKING, Any

from whirlwind._http.server.exchange import Exchange
from whirlwind._web.etags import EMPTY_DIGEST
from whirlwind._web.response_head import DEFAULTS

if TYPE_CHECKING:
    from whirlwind._web.answer import Answer

_copy_digest = EMPTY_DIGEST.copy


class PlainAnswers:
    """Sends plain answers.

    Args:
        stock: The class whose steps are the stock ones.
    """

    __slots__ = ("_check_etag_header", "_compute_etag", "_flush", "_set_etag_header", "_set_header")

    def __init__(self, stock: type[Answer]) -> None:
        self._flush = stock.flush
        self._compute_etag = stock.compute_etag
        self._set_etag_header = stock.set_etag_header
        self._check_etag_header = stock.check_etag_header
        self._set_header = stock.set_header

    def send(self, handler: Answer, connection: Any) -> asyncio.Future[None] | None:
        """Send a handler's answer if it is a plain one.

        Args:
            handler: Whose answer is complete.
            connection: Where it goes: ``handler.request.connection``.

        Returns:
            A future that is done when the peer has room for more; None if the answer is not
            plain, and nothing was sent.
        """
        if (
            type(connection) is not Exchange
            or handler._fields is not None
            or handler._headers_written
            or handler._status_code != 200
            or handler._reason != "OK"
            or handler._transforms
            or getattr(handler, "_new_cookie", None) is not None
            or not connection.direct
            or not _is(handler.flush, self._flush)
        ):
            return None
        request = handler.request
        buffer = handler._write_buffer
        body = buffer[0] if len(buffer) == 1 else b"".join(buffer)
        fields = DEFAULTS
        if not fields.since <= request._start_time < fields.until:
            fields.refresh(request._start_time)
        head = fields.json if handler._json else fields.html
        if request.method == "GET" or request.method == "HEAD":
            block = request._block
            if (
                block is None
                or block.if_none_match is not None
                or not _is(handler.compute_etag, self._compute_etag)
                or not _is(handler.set_etag_header, self._set_etag_header)
                or not _is(handler.check_etag_header, self._check_etag_header)
                or not _is(handler.set_header, self._set_header)
            ):
                return None
            digest = _copy_digest()
            digest.update(body)
            head = b'%bEtag: "%b"\r\n' % (head, digest.hexdigest().encode())
        handler._headers_written = True
        return connection.answer(head, body)


def _is(method: Any, stock: Any) -> bool:
    return type(method) is MethodType and method.__func__ is stock
