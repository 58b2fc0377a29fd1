"""Listening sockets, name resolution and TLS options.

Door: names only. They are made in ``_net/sockets.py``, ``_net/resolver.py`` and
``_net/tls.py``.
"""

from whirlwind._base.publish import publish
from whirlwind._net.resolver import (
    BlockingResolver,
    DefaultExecutorResolver,
    DefaultLoopResolver,
    ExecutorResolver,
    OverrideResolver,
    Resolver,
    ThreadedResolver,
)
from whirlwind._net.sockets import (
    add_accept_handler,
    bind_sockets,
    bind_unix_socket,
    is_valid_ip,
)
from whirlwind._net.tls import (
    SSLCertificateError,
    ssl_match_hostname,
    ssl_options_to_context,
    ssl_wrap_socket,
)

__all__ = [
    "BlockingResolver",
    "DefaultExecutorResolver",
    "DefaultLoopResolver",
    "ExecutorResolver",
    "OverrideResolver",
    "Resolver",
    "SSLCertificateError",
    "ThreadedResolver",
    "add_accept_handler",
    "bind_sockets",
    "bind_unix_socket",
    "is_valid_ip",
    "ssl_match_hostname",
    "ssl_options_to_context",
    "ssl_wrap_socket",
]

publish(__name__, globals())
