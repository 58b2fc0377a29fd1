"""Runs programs written for Tornado and Motor as they are: ``import tornado`` means whirlwind.

::

    from whirlwind import legacy

    legacy.install()

    import tornado.web  # is whirlwind.web

The command ``whirlwind run`` does this before it starts a program that is not to be changed.

Door: names only.
"""

from whirlwind.legacy.installing import install

__all__ = ["install"]
