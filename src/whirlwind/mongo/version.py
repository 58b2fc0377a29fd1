"""The version of Motor whose interface this package has.

Programs ask for it to choose between the interfaces of Motor 1, 2 and 3; so it names what they
meet here, not a release of whirlwind.
"""

from typing import Final

version_tuple: Final = (3, 7, 1)
version: Final = ".".join(map(str, version_tuple))


def get_version_string() -> str:
    """Return ``version``; Motor has it as a function, too."""
    return version
