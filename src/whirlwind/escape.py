"""Escaping for HTML, JSON and URLs, and the way between ``str`` and ``bytes``.

Door: names only. They come from ``_base/escape.py`` and ``_base/linkify.py``.
"""

from whirlwind._base.escape import (
    json_decode,
    json_encode,
    native_str,
    parse_qs_bytes,
    recursive_unicode,
    squeeze,
    to_basestring,
    to_unicode,
    url_escape,
    url_unescape,
    utf8,
    xhtml_escape,
    xhtml_unescape,
)
from whirlwind._base.linkify import linkify
from whirlwind._base.percent import unquote_to_bytes
from whirlwind._base.publish import publish
from whirlwind._base.python2 import unicode_type

__all__ = [
    "json_decode",
    "json_encode",
    "linkify",
    "native_str",
    "parse_qs_bytes",
    "recursive_unicode",
    "squeeze",
    "to_basestring",
    "to_unicode",
    "unicode_type",
    "url_escape",
    "url_unescape",
    "utf8",
    "xhtml_escape",
    "xhtml_unescape",
]

# Private names that programs and tests have come to use all the same.
_unicode = to_unicode
_unquote_to_bytes = unquote_to_bytes

publish(__name__, globals())
