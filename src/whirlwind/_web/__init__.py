"""Room: the web framework."""
