"""The seven patterns, one file each; the page shows these files and runs them."""
