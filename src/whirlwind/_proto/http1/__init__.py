"""HTTP/1 without I/O: heads of requests, chunked bodies.

Layer: protocols. Imports from ``_base`` and from within ``_proto`` only.
"""
