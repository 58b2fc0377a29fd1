"""What came back: the response of an HTTP client, and the error that stands for a bad one.

Layer: HTTP. Imports from ``_base`` and ``_proto``.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from whirlwind._base.errors import WhirlwindError
from whirlwind._base.lazy import lazy
from whirlwind._http.client.request import HTTPRequest, _RequestProxy
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.status import responses

# What a fetch took that ended within one tick of the loop's clock, on uvloop a millisecond. It took
# some time, and programs divide by it (thumbor, for bytes per second).
_UNDER_A_TICK: Final = 0.0005


class HTTPClientError(WhirlwindError):
    """A fetch that did not end with a success.

    Args:
        code: The response's status, or 599 where no response came.
        message: What went wrong; None for the status code's own name.
        response: The response, if there is one; its body usually says more.

    Attributes:
        code, message, response: As above.
    """

    def __init__(
        self, code: int, message: str | None = None, response: HTTPResponse | None = None
    ) -> None:
        self.code = code
        self.message = message or responses.get(code, "Unknown")
        self.response = response
        super().__init__(code, message, response)

    def __str__(self) -> str:
        return f"HTTP {self.code}: {self.message}"

    # The response is an argument and has the error as an attribute: the repr of an exception's
    # arguments would never end.
    __repr__ = __str__


class Times(NamedTuple):
    """When the stages of a fetch were reached, on the loop's clock; 0 for those that were not.

    Attributes:
        queued, started: Of the fetch.
        hop: When its last hop began, that is the request after the last redirect.
        resolved, connected, secured, sent, first_byte: Of that hop.
        ended: Of the fetch.
    """

    queued: float
    started: float
    hop: float
    resolved: float
    connected: float
    secured: float
    sent: float
    first_byte: float
    ended: float

    def as_stages(self) -> dict[str, float]:
        """Return what ``HTTPResponse.time_info`` shows."""
        if not self.started:
            return {"queue": self.ended - self.queued if self.queued else 0.0}
        hop = self.hop
        return {
            "queue": self.started - self.queued if self.queued else 0.0,
            "namelookup": max(self.resolved - hop, 0.0),
            "connect": max(self.connected - hop, 0.0),
            "appconnect": max(self.secured - hop, 0.0),
            "pretransfer": max(self.sent - hop, 0.0),
            "starttransfer": max(self.first_byte - hop, 0.0),
            "total": self.ended - self.started or _UNDER_A_TICK,
            "redirect": max(hop - self.started, 0.0),
        }


class HTTPResponse:
    """The response to one request, after redirects.

    Args:
        request: The request it answers.
        code: The status code, or 599 where no response came.
        headers: The header fields; None for none.
        buffer: The body as a file; None for none.
        effective_url: Where the response came from in the end; None for the request's URL.
        error: What went wrong; None for a ``HTTPClientError`` if the code is no success.
        request_time: Seconds that the request took.
        time_info: Seconds that its stages took.
        reason: The reason phrase; None for the code's own name.
        start_time: Seconds since 1970 when the request began.

    Attributes:
        request, code, reason, headers, effective_url, error, request_time, start_time: As above.
        buffer: The body as a file in memory.
        time_info: Stages in seconds, as libcurl names them: ``queue`` (waiting for a place
            among ``max_clients``), and from the start of the request on until ``namelookup``,
            ``connect``, ``appconnect`` (TLS; 0 without), ``pretransfer``, ``starttransfer``
            (the response's first byte), ``total`` were reached; ``redirect`` is what earlier
            hops took.
    """

    error: BaseException | None = None

    # What a response out of a pool of connections leaves at its usual value.
    _body: bytes | None = None
    _pieces: Sequence[bytes] | None = None
    _times: tuple[float, ...] | None = None
    _error_is_response_code = False

    def __init__(
        self,
        request: HTTPRequest,
        code: int,
        headers: HTTPHeaders | None = None,
        buffer: io.BytesIO | None = None,
        effective_url: str | None = None,
        error: BaseException | None = None,
        request_time: float | None = None,
        time_info: dict[str, float] | None = None,
        reason: str | None = None,
        start_time: float | None = None,
    ) -> None:
        self.request = request.request if isinstance(request, _RequestProxy) else request
        self.code = code
        self.reason = reason or responses.get(code, "Unknown")
        self.headers = HTTPHeaders() if headers is None else headers
        if buffer is not None:
            self.buffer = buffer
        self.effective_url = request.url if effective_url is None else effective_url
        self.error = error
        if error is None and not 200 <= code < 300:
            self._error_is_response_code = True
            self.error = HTTPClientError(code, message=self.reason, response=self)
        self.start_time = start_time
        self.request_time = request_time
        if time_info is not None:
            self.time_info = time_info

    @lazy
    def time_info(self) -> dict[str, float]:
        """Seconds that the stages took; see the class."""
        return {} if self._times is None else Times(*self._times).as_stages()

    @lazy
    def buffer(self) -> Any:
        """The body as a file in memory; None if there is none."""
        return None if self._pieces is None else io.BytesIO(self.body)

    @property
    def body(self) -> bytes:
        """The body; empty if a ``streaming_callback`` took it."""
        body = self._body
        if body is None:
            if self._pieces is not None:
                body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
            else:
                body = b"" if self.buffer is None else self.buffer.getvalue()
            self._body = body
        return body

    def rethrow(self) -> None:
        """Raise ``error`` if there is one."""
        if self.error is not None:
            raise self.error

    def __repr__(self) -> str:
        # Made when they are first asked for, which is now.
        attributes = {**vars(self), "buffer": self.buffer, "time_info": self.time_info}
        shown = ",".join(
            f"{name}={value!r}"
            for name, value in sorted(attributes.items())
            if not name.startswith("_")
        )
        return f"{type(self).__name__}({shown})"
