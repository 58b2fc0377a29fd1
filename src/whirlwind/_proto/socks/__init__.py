"""SOCKS, the client's side, without I/O (RFC 1928, RFC 1929)."""
