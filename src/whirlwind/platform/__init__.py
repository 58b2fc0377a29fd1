"""Ties to other event loops.

Door: names only, in ``whirlwind.platform.asyncio``.
"""
