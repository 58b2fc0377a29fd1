"""Templates: pages with Python in them, compiled once.

Door: names only. They come from the room ``_web/template/``.
"""

from whirlwind._base.publish import publish
from whirlwind._web.template.errors import ParseError, TemplateSyntaxError
from whirlwind._web.template.loaders import BaseLoader, DictLoader, Loader
from whirlwind._web.template.template import Template
from whirlwind._web.template.whitespace import filter_whitespace

__all__ = [
    "BaseLoader",
    "DictLoader",
    "Loader",
    "ParseError",
    "Template",
    "TemplateSyntaxError",
    "filter_whitespace",
]

publish(__name__, globals())
