"""HTTP/1 over streams, for programs that hold an ``IOStream`` and speak HTTP on it themselves.

Layer: HTTP. Imports from ``_base``, ``_engine``, ``_net`` and ``_proto``.

The server and the client read transports and need nothing of this. It is here for programs that
call it directly, and for servers whose ``handle_stream`` a program overrides.
"""
