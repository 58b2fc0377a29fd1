"""Which framing fields an answer may carry (RFC 9112, sections 6.1 and 6.2).

Layer: protocols. Imports from ``_proto`` only.

A program, or what it forwards from another server, may set Content-Length or Transfer-Encoding
where HTTP forbids them; a client that believes them waits for a body that never comes, or takes
the next answer for one.

One exception, which Tornado's suite wants: chunks that a program asked for by itself go out with
the length that it, or its handler, set beside them. Most clients read such an answer by its chunks,
as RFC 9112, section 6.3, has it, and careful ones refuse it. That nobody reads it in a third way
and takes the rest for another answer, the end of the connection sees to (``answer_framing``).
"""

from __future__ import annotations

from whirlwind._proto.http.headers import HTTPHeaders


def allowed_framing(headers: HTTPHeaders, code: int, method: str, version: str) -> HTTPHeaders:
    """Return header fields without the framing fields that this answer may not have.

    Args:
        headers: The fields of the answer; not changed.
        code: Its status.
        method: The request's method.
        version: The request's version, ``"HTTP/1.0"`` or ``"HTTP/1.1"``.

    Returns:
        ``headers`` themselves, or a copy without some of them: neither field in 1xx, in 204 and
        in 2xx to CONNECT; no Transfer-Encoding to an HTTP/1.0 client; no Content-Length beside
        Transfer-Encoding, unless that is ``chunked`` and the answer has a body.

    Source: RFC 9112, sections 6.1 and 6.2; RFC 9110, section 8.6.
    """
    coding = headers.get("Transfer-Encoding")
    if code < 200 or code == 204 or (method == "CONNECT" and code < 300):
        forbidden = ["Transfer-Encoding", "Content-Length"]
    elif coding is None or _goes_out_as_said(coding, code, method, version):
        return headers
    else:
        forbidden = ["Content-Length" if version == "HTTP/1.1" else "Transfer-Encoding"]
    if coding is None and "Content-Length" not in headers:
        return headers
    allowed = headers.copy()
    for name in forbidden:
        if name in allowed:
            del allowed[name]
    return allowed


def _goes_out_as_said(coding: str, code: int, method: str, version: str) -> bool:
    has_body = method != "HEAD" and code != 304
    return has_body and version == "HTTP/1.1" and coding.lower() == "chunked"
