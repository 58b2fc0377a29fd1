"""Room: the coroutine engine."""
