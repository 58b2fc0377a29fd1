"""Room: loop, sockets, streams, processes."""
