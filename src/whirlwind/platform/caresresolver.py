"""A resolver that asks name servers by c-ares, without threads.

Door: names only. It is in ``_net/caresresolver.py``, and needs ``pycares`` (extra ``cares``).
"""

from whirlwind._base.publish import publish
from whirlwind._net.caresresolver import CaresResolver

__all__ = ["CaresResolver"]

publish(__name__, globals())
