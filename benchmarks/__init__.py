"""Benchmarks: each runs its peers beside us and prints machine, versions and spread.

They are measurements to read, never tests: ``make bench``, or ``python -m benchmarks.engine``.
"""
