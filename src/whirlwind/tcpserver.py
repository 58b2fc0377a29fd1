"""A TCP server for protocols of one's own.

Door: names only. It is made in ``_net/tcpserver.py``.
"""

from whirlwind._base.publish import publish
from whirlwind._net.tcpserver import TCPServer

__all__ = ["TCPServer"]

publish(__name__, globals())
