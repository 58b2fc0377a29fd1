"""A TCP client that tries all addresses of a host at once.

Door: names only. It is made in ``_net/tcpclient.py``, on ``_net/happy_eyeballs.py``.
"""

from whirlwind._base.publish import publish
from whirlwind._net.happy_eyeballs import Connector as _Connector
from whirlwind._net.happy_eyeballs import format_address as _format_addr
from whirlwind._net.tcpclient import TCPClient

__all__ = ["TCPClient", "_Connector", "_format_addr"]

publish(__name__, globals())
