"""Tornado's coroutine programming model, rebuilt for today's Python at native speed.

The public modules carry Tornado's names; ``import whirlwind`` loads none of them until it is
asked for one (``whirlwind.web``), so that a program pays only for what it uses.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

from whirlwind._version import tornado_version, tornado_version_info

if TYPE_CHECKING:
    from types import ModuleType

if os.environ.get("WHIRLWIND_INTERPRETED") == "1":
    from whirlwind._base import interpreted

    interpreted.install()

__all__ = [
    "auth",
    "autoreload",
    "concurrent",
    "escape",
    "gen",
    "http1connection",
    "httpclient",
    "httpserver",
    "httputil",
    "ioloop",
    "iostream",
    "locale",
    "locks",
    "log",
    "netutil",
    "options",
    "platform",
    "process",
    "queues",
    "routing",
    "simple_httpclient",
    "tcpclient",
    "tcpserver",
    "template",
    "testing",
    "util",
    "web",
    "websocket",
    "wsgi",
]

# Reached like the others, but not listed: its import fails where pycurl is not installed.
_OPTIONAL = ("curl_httpclient",)

version = tornado_version
version_info = tornado_version_info


def __getattr__(name: str) -> ModuleType:
    if name in __all__ or name in _OPTIONAL:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
