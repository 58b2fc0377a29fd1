"""An HTTP/1 server without blocking.

Door: names only. The server is in ``_http/server/``, requests are in ``_http/messages.py``.
"""

from whirlwind._base.publish import publish
from whirlwind._http.messages import HTTPServerRequest
from whirlwind._http.server.httpserver import HTTPServer

HTTPRequest = HTTPServerRequest

__all__ = ["HTTPRequest", "HTTPServer"]

publish(__name__, {**globals(), "__all__": ["HTTPServer"]})
