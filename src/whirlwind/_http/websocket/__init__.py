"""WebSockets on transports: the connection that both sides share, and the client.

Layer: HTTP. Imports from ``_base``, ``_engine``, ``_net`` and ``_proto``.
"""
