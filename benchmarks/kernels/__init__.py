"""What compiling the kernels of WebSockets gains."""
