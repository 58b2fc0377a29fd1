"""Room: HTTP server and client."""
