"""WebSockets without I/O: frames, messages, compression, the opening handshake (RFC 6455, 7692).

Layer: protocols.
"""
