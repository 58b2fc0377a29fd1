"""Readers of what peers send, fed with what nobody would write."""
