"""A request that a WSGI server received, as one of ours.

Layer: web. Imports from ``_base``, ``_http``, ``_proto`` and within ``_web``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from whirlwind._base.limits import MAX_BODY_SIZE
from whirlwind._http.messages import HTTPConnection, HTTPServerRequest
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._web.wsgi.strings import from_wsgi_str

# What may stand in a path as it is (RFC 3986, section 3.3); letters and digits go without saying.
_PATH: Final = "/:@!$&'()*+,;=~"
_LENGTH: Final = re.compile(r"[0-9]{1,20}")


def request_of(environ: Mapping[str, Any], connection: HTTPConnection) -> HTTPServerRequest:
    """Return the request of a WSGI environment, body included.

    Args:
        environ: What the server gave.
        connection: Where the answer goes.

    Raises:
        HTTPInputError: The body is longer than allowed, or not all there; ``status`` says how
            to answer.

    Source: PEP 3333, "environ Variables".
    """
    version = environ.get("SERVER_PROTOCOL", "HTTP/1.0")
    request = HTTPServerRequest(
        method=environ["REQUEST_METHOD"],
        uri=target_of(environ),
        version=version,
        headers=headers_of(environ),
        body=body_of(environ),
        host=environ.get("HTTP_HOST") or host_of(environ),
        connection=connection,
    )
    request.remote_ip = environ.get("REMOTE_ADDR", "")
    request.protocol = environ["wsgi.url_scheme"]
    return request


def target_of(environ: Mapping[str, Any]) -> str:
    """Return path and query as they stood in the request line, or nearly so.

    The server has decoded the path; what had to be encoded in it is encoded again. The part that
    the server calls the script's name belongs to it.
    """
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    target = quote(from_wsgi_str(path), safe=_PATH) or "/"
    query = environ.get("QUERY_STRING", "")
    return f"{target}?{query}" if query else target


def host_of(environ: Mapping[str, Any]) -> str:
    """Return the host that the server says it is, for a request that names none.

    Source: PEP 3333, "URL Reconstruction".
    """
    name, port = environ["SERVER_NAME"], str(environ["SERVER_PORT"])
    usual = "443" if environ["wsgi.url_scheme"] == "https" else "80"
    return str(name) if port == usual else f"{name}:{port}"


def headers_of(environ: Mapping[str, Any]) -> HTTPHeaders:
    """Return the header fields; those that came more than once were joined by the server."""
    headers = HTTPHeaders()
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            headers[key[5:].replace("_", "-")] = value
        elif key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            headers[key.replace("_", "-")] = value
    return headers


def body_of(environ: Mapping[str, Any], max_body: int = MAX_BODY_SIZE) -> bytes:
    """Read the body.

    Args:
        environ: What the server gave.
        max_body: Most bytes to take.

    Raises:
        HTTPInputError: The body is longer (status 413), shorter than announced, or its length
            is no number.
    """
    stream = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH") or ""
    if length and _LENGTH.fullmatch(length) is None:
        raise HTTPInputError(f"Content-Length {length[:40]!r} is not a number")
    if not length and not environ.get("wsgi.input_terminated"):
        return b""  # reading on would wait for the next request
    wanted = int(length) if length else max_body + 1
    if wanted > max_body and length:
        raise HTTPInputError(
            f"body of {wanted} bytes is over {max_body} (MAX_BODY_SIZE)", status=413
        )
    pieces = []
    while wanted and (piece := stream.read(wanted)):
        pieces.append(piece)
        wanted -= len(piece)
    if length and wanted:
        raise HTTPInputError(f"body ends {wanted} bytes before its Content-Length {length}")
    if not length and not wanted:
        raise HTTPInputError(f"body is over {max_body} bytes (MAX_BODY_SIZE)", status=413)
    return b"".join(pieces)
