"""Web applications: handlers, the application that runs them, errors.

Door: names only. The handler is in ``_web/answer.py``, ``base_handler.py``, ``input_handler.py``
and ``handler.py``, each of which builds on the one before; the application in
``_web/application.py``.
"""

from whirlwind._base.publish import publish
from whirlwind._proto.http.urls import is_absolute
from whirlwind._web.application import Application
from whirlwind._web.body_stream import BodyStream
from whirlwind._web.compression import GZipContentEncoding
from whirlwind._web.decorators import addslash, authenticated, removeslash
from whirlwind._web.errors import Finish, HTTPError, MissingArgumentError
from whirlwind._web.event_stream import EventStream
from whirlwind._web.handler import RequestHandler
from whirlwind._web.multipart import MultipartReader, Part
from whirlwind._web.routing import URLSpec
from whirlwind._web.signed_values import (
    DEFAULT_SIGNED_VALUE_MIN_VERSION,
    DEFAULT_SIGNED_VALUE_VERSION,
    MAX_SUPPORTED_SIGNED_VALUE_VERSION,
    MIN_SUPPORTED_SIGNED_VALUE_VERSION,
    _create_signature_v1,
    _create_signature_v2,
    _decode_fields_v2,
    _decode_signed_value_v1,
    _decode_signed_value_v2,
    _get_version,
    create_signed_value,
    decode_signed_value,
    get_signature_key_version,
)
from whirlwind._web.simple_handlers import ErrorHandler, FallbackHandler, RedirectHandler
from whirlwind._web.static.handler import StaticFileHandler
from whirlwind._web.streaming import (
    _has_stream_request_body,
    asynchronous,
    stream_request_body,
)
from whirlwind._web.transforms import OutputTransform
from whirlwind._web.ui_modules import TemplateModule, UIModule

url = URLSpec

__all__ = [
    "DEFAULT_SIGNED_VALUE_MIN_VERSION",
    "DEFAULT_SIGNED_VALUE_VERSION",
    "MAX_SUPPORTED_SIGNED_VALUE_VERSION",
    "MIN_SUPPORTED_SIGNED_VALUE_VERSION",
    "Application",
    "BodyStream",
    "ErrorHandler",
    "EventStream",
    "FallbackHandler",
    "Finish",
    "GZipContentEncoding",
    "HTTPError",
    "MissingArgumentError",
    "MultipartReader",
    "OutputTransform",
    "Part",
    "RedirectHandler",
    "RequestHandler",
    "StaticFileHandler",
    "TemplateModule",
    "UIModule",
    "URLSpec",
    "_create_signature_v1",
    "_create_signature_v2",
    "_decode_fields_v2",
    "_decode_signed_value_v1",
    "_decode_signed_value_v2",
    "_get_version",
    "_has_stream_request_body",
    "addslash",
    "asynchronous",
    "is_absolute",
    "authenticated",
    "create_signed_value",
    "decode_signed_value",
    "get_signature_key_version",
    "removeslash",
    "stream_request_body",
    "url",
]

publish(__name__, globals())
