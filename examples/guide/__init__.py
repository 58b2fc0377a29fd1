"""The coroutine guide, running: seven patterns on a page that shows what waits for what.

``python -m examples.guide`` starts it.
"""
