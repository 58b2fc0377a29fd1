"""The HTTP client beside its peers."""
