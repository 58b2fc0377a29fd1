"""Small tools: configurable classes, imports by name, gzip, names of Python 2.

Door: names only. They come from ``_base/`` (``configurable``, ``objects``, ``gzip``,
``websocket_mask``, ``python2``).
"""

from builtins import TimeoutError

from whirlwind._base.configurable import Configurable
from whirlwind._base.gzip import GzipDecompressor
from whirlwind._base.objects import (
    ArgReplacer,
    ObjectDict,
    errno_from_exception,
    exec_in,
    import_object,
    raise_exc_info,
    re_unescape,
    timedelta_to_seconds,
)
from whirlwind._base.publish import publish
from whirlwind._base.python2 import (
    PY3,
    basestring_type,
    bytes_type,
    is_finalizing,
    u,
    unicode_type,
)
from whirlwind._base.websocket_mask import websocket_mask
from whirlwind._proto.websocket.mask_cy import websocket_mask as compiled_mask

__all__ = [
    "PY3",
    "ArgReplacer",
    "Configurable",
    "GzipDecompressor",
    "ObjectDict",
    "TimeoutError",
    "basestring_type",
    "bytes_type",
    "errno_from_exception",
    "exec_in",
    "import_object",
    "is_finalizing",
    "raise_exc_info",
    "re_unescape",
    "timedelta_to_seconds",
    "u",
    "unicode_type",
]

# Private names that programs have come to use all the same.
_websocket_mask = compiled_mask
_websocket_mask_python = websocket_mask

publish(__name__, globals())
