"""Streams over TCP beside their peers."""
