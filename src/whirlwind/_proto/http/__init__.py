"""HTTP without I/O: what its texts mean, and how they are written.

Layer: protocols. Imports from ``_base`` only.
"""
