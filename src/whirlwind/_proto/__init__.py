"""Room: protocols without I/O."""
