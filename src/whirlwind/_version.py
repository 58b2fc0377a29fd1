"""The version of this package, and the version of Tornado whose behaviour it has."""

from typing import Final

version: Final = "0.1.0"

# What ``whirlwind.version`` tells programs that ask Tornado for its version: those programs
# choose their code by it, so it names the behaviour they meet, not our own release.
tornado_version: Final = "6.6.1"
tornado_version_info: Final = (6, 6, 1, 0)
