"""HTTP's rules for servers, as bytes and verdicts; see ``docs/project/conformance.md``."""
