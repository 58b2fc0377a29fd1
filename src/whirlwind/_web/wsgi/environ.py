"""A request of ours as the dictionary that WSGI applications take.

Layer: web. Imports from ``_base``, ``_http``, ``_proto`` and within ``_web``.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Any

from whirlwind._base.escape import url_unescape
from whirlwind._http.messages import HTTPServerRequest
from whirlwind._proto.http.urls import split_host_and_port
from whirlwind._web.wsgi.strings import to_wsgi_str


def environ_of(request: HTTPServerRequest, *, multithread: bool) -> dict[str, Any]:
    """Return the environment of a request.

    Args:
        request: The whole request, body included.
        multithread: Whether the application may be called in several threads at once.

    Source: PEP 3333, "environ Variables".
    """
    name, port = split_host_and_port(request.host)
    if port is None:
        port = 443 if request.protocol == "https" else 80
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": to_wsgi_str(url_unescape(request.path, encoding=None, plus=False)),
        "QUERY_STRING": request.query,
        "REMOTE_ADDR": request.remote_ip or "",
        "SERVER_NAME": name,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": request.version,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.protocol,
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": multithread,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        # Not of the PEP; frameworks know it: reading to the end is safe.
        "wsgi.input_terminated": True,
        **fields_of(request.headers.get_all()),
    }
    if request.body:
        # Whatever the field said: the body was decompressed, perhaps, or came in chunks.
        environ["CONTENT_LENGTH"] = str(len(request.body))
    return environ


def fields_of(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return header fields under the names that WSGI has for them.

    A field whose name has an underscore is left out, as nginx leaves it out: ``X_User`` would have
    the name of ``X-User``, and could pass for one that a proxy in front of the server has set. So
    is ``Transfer-Encoding``, since the body is there decoded.

    Args:
        headers: Name and value; a name that comes again gets the values joined by a comma
            (by ``"; "`` for cookies).

    Source: PEP 3333; RFC 9110, section 5.3; RFC 9113, section 8.2.3, for cookies.
    """
    found: dict[str, str] = {}
    for name, value in headers:
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        if key == "TRANSFER_ENCODING":
            continue
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        if key in found:
            found[key] += ("; " if key == "HTTP_COOKIE" else ",") + value
        else:
            found[key] = value
    return found
