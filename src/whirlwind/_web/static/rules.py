"""The rules that setting ``static_path`` makes.

Layer: web. Imports from within ``_web``.
"""

from __future__ import annotations

import re
from typing import Any

from whirlwind._web.routing import URLSpec
from whirlwind._web.static.handler import StaticFileHandler


def static_rules(settings: dict[str, Any]) -> list[URLSpec]:
    """Return rules for the files below setting ``static_path``; none without that setting.

    Beside the URLs with ``static_url_prefix`` there are the two that browsers and robots ask for
    at the top of a site.

    Args:
        settings: Of an application; ``static_handler_args``, if it is there, gets the path too.
    """
    path = settings.get("static_path")
    if not path:
        return []
    prefix = str(settings.get("static_url_prefix", "/static/"))
    handler = settings.get("static_handler_class", StaticFileHandler)
    arguments = settings.get("static_handler_args", {})
    arguments["path"] = path
    return [
        URLSpec(pattern, handler, arguments)
        for pattern in (r"/(robots\.txt)", r"/(favicon\.ico)", re.escape(prefix) + r"(.*)")
    ]
