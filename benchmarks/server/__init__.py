"""The server beside its peers: CPU per request, from the server process's own accounting."""
