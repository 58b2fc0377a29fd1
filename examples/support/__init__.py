"""Servers that the examples talk to."""
