"""Names of languages by their codes.

Door: names only. They come from ``_web/locale/names.py``.
"""

from whirlwind._web.locale.names import LOCALE_NAMES

__all__ = ["LOCALE_NAMES"]
