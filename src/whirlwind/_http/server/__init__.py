"""The HTTP server: connections of a socket become requests of a program.

Layer: HTTP. Imports from ``_base``, ``_engine``, ``_net`` and ``_proto``.
"""
