"""The coroutine engine beside Tornado's, asyncio's, Twisted's and gevent's."""
