"""An answer that is all there when its handler finishes it, sent in one go.

Layer: web. Imports from ``_http``, ``_proto`` and within ``_web``.

Theory of operation
-------------------
Most answers are of that kind. What is to be done for one is then known: its tag, its length, its
cookies, one write. ``send`` does that without the steps that a program may replace (``flush``,
``compute_etag`` …), once it has seen that nobody has replaced any of them, in the handler's class
or in the handler; and where something about the answer is special (a header that says itself how
the answer is framed, a tag that the client may hold, a transform) it does nothing, and the handler
goes through its steps. Fields that nobody has touched go out as bytes that are kept for all answers
of the same second.

Compiled, these functions were 1.2 times as fast: what they cost is the objects that they make and
ask, which are Python's. So they are no kernel.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from whirlwind._base.stock_methods import is_stock
from whirlwind._http.server.exchange import Exchange, status_line
from whirlwind._proto.http.headers import HTTPHeaders, encode_fields, encode_whole
from whirlwind._web.etags import EMPTY_DIGEST
from whirlwind._web.response_head import DEFAULTS

if TYPE_CHECKING:
    from whirlwind._web.answer import Answer

_copy_digest = EMPTY_DIGEST.copy


class PlainAnswers:
    """Sends answers that are whole.

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

        Raises:
            HTTPOutputError: A field holds what may not be sent; nothing was.
        """
        status = handler._status_code
        if (
            type(connection) is not Exchange
            or handler._headers_written
            or handler._transforms
            or not connection.direct
            or not is_stock(handler.flush, self._flush)
            or (status != 200 and (status == 304 or status == 204 or status < 200))
        ):
            return None
        request = handler.request
        buffer = handler._write_buffer
        body = buffer[0] if len(buffer) == 1 else b"".join(buffer)
        headers = handler._head_fields
        etag = None
        method = request.method
        if method == "GET" or method == "HEAD":
            if status == 200 and (headers is None or "Etag" not in headers):
                block = request._block
                if (
                    block is None
                    or block.if_none_match is not None
                    or not is_stock(handler.compute_etag, self._compute_etag)
                    or not is_stock(handler.set_etag_header, self._set_etag_header)
                    or not is_stock(handler.check_etag_header, self._check_etag_header)
                    or not is_stock(handler.set_header, self._set_header)
                ):
                    return None
                digest = _copy_digest()
                digest.update(body)
                etag = f'"{digest.hexdigest()}"'
        elif method == "CONNECT":
            return None
        cookies = getattr(handler, "_new_cookie", None)
        if headers is None and status == 200 and handler._reason == "OK" and cookies is None:
            fields = DEFAULTS
            if not fields.since <= request._start_time < fields.until:
                fields.refresh(request._start_time)
            head = fields.json if handler._answers_json else fields.html
            if etag is None:
                head = b"%bContent-Length: %d\r\n" % (head, len(body))
            else:
                head = b"%bEtag: %b\r\nContent-Length: %d\r\n" % (head, etag.encode(), len(body))
        else:
            headers = handler._headers
            if type(headers) is not HTTPHeaders:
                return None  # somebody's own
            encoded = encode_whole(headers, len(body), etag)
            if encoded is None:
                return None
            head = status_line(status, handler._reason) + encoded
            if cookies:
                set_cookies = HTTPHeaders()
                for cookie in cookies.values():
                    set_cookies.add("Set-Cookie", cookie.OutputString(None))
                head += encode_fields(set_cookies)
                for name, value in set_cookies.get_all():
                    headers.add(name, value)  # for whoever looks at them afterwards
        future = connection.answer(head, body)
        handler._headers_written = True
        handler._sent_head = head
        return future
