"""Web applications: handlers, the application that runs them, errors.

Door: names only. The handler is in ``_web/handler.py`` and ``_web/base_handler.py``, the
application in ``_web/application.py``.
"""

from whirlwind._base.publish import publish
from whirlwind._web.application import Application
from whirlwind._web.errors import Finish, HTTPError, MissingArgumentError
from whirlwind._web.handler import RequestHandler
from whirlwind._web.rendering import is_absolute
from whirlwind._web.routing import URLSpec
from whirlwind._web.simple_handlers import ErrorHandler, FallbackHandler, RedirectHandler
from whirlwind._web.streaming import (
    _has_stream_request_body,
    asynchronous,
    stream_request_body,
)
from whirlwind._web.transforms import OutputTransform
from whirlwind._web.ui_modules import TemplateModule, UIModule

url = URLSpec

__all__ = [
    "Application",
    "ErrorHandler",
    "FallbackHandler",
    "Finish",
    "HTTPError",
    "MissingArgumentError",
    "OutputTransform",
    "RedirectHandler",
    "RequestHandler",
    "TemplateModule",
    "UIModule",
    "URLSpec",
    "_has_stream_request_body",
    "asynchronous",
    "is_absolute",
    "stream_request_body",
    "url",
]

publish(__name__, globals())
