"""Between whirlwind and WSGI, in both directions.

Door: names only. ``WSGIContainer`` is in ``_web/wsgi/container.py``, ``WSGIAdapter`` and
``WSGIApplication`` in ``_web/wsgi/adapter.py``.
"""

from whirlwind._base.publish import publish
from whirlwind._http.messages import HTTPServerRequest
from whirlwind._web.wsgi.adapter import WSGIAdapter, WSGIApplication
from whirlwind._web.wsgi.container import WSGIContainer
from whirlwind._web.wsgi.strings import from_wsgi_str, to_wsgi_str

HTTPRequest = HTTPServerRequest

__all__ = [
    "HTTPRequest",
    "WSGIAdapter",
    "WSGIApplication",
    "WSGIContainer",
    "from_wsgi_str",
    "to_wsgi_str",
]

publish(__name__, globals())
