"""Room: things that need no event loop: errors, limits, escaping, options, logging."""
