"""Which paths a directory for static files may give away.

Layer: web. Imports from ``_base`` only.

Theory of operation
-------------------
A path is checked twice. Before the file system is asked, by its text: normalised, it must be the
root or begin with the root *and a separator*, or ``/srv/static`` would give away
``/srv/static_private``. And afterwards by where it really leads: no symbolic link on the way, the
last name included, may lead out of the root, unless into a directory that was allowed.

Finding out where a path leads costs a system call for each of its parts, from the top of the file
system. Below the root there are few parts, and as a rule none of them is a link; then where they
lead is known without asking for more.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from typing import Any, Final

from whirlwind._base.late_pattern import late_pattern

# What Windows opens whichever directory it stands in and whichever suffix it has.
_DEVICE: Final = late_pattern(
    r"(?:con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:[ .].*)?", re.IGNORECASE
)

# Encoded ones too: a proxy on the way may decode them.
_HOST_AHEAD: Final = late_pattern(r"(?:[/\\]|%2f|%5c){2}", re.IGNORECASE)


def looks_like_host(path: str) -> bool:
    """True if a browser that is redirected to a path takes its beginning for a host.

    Args:
        path: The path of a URL, as it came in.

    Source: the URL standard, "relative slash state": ``//`` begins a host, and a backslash
        counts as a slash.
    """
    return _HOST_AHEAD().match(path) is not None


def contains(root: str, path: str) -> bool:
    """True if ``path`` is ``root`` or below it; both absolute and normalised."""
    return path == root or path.startswith(root if root.endswith(os.sep) else root + os.sep)


def leads_elsewhere_on_windows(path: str) -> bool:
    r"""True if Windows reads a path of a URL as more than names below a directory.

    A colon selects a drive or, on NTFS, another stream of a file (``page.html::$DATA``); two
    separators at the beginning name another machine, to which Windows then shows the user's
    credentials (UNC); some names are devices in every directory.

    Args:
        path: What follows the root, with ``/`` or ``\`` between its parts.
    """
    parts = path.replace("\\", "/").split("/")
    return (
        ":" in path
        or (len(parts) > 1 and not parts[0])
        or any(_DEVICE().fullmatch(part.rstrip(" .")) is not None for part in parts)
    )


def plain_status(root: str, path: str) -> os.stat_result | None:
    """Return the status of a file, if there is no symbolic link between ``root`` and it.

    Args:
        root: The directory, absolute and normalised; it may be or contain a link.
        path: A path for which ``contains(root, path)``.

    Returns:
        The status; None if there is a link, or no such file.
    """
    place = root
    try:
        status = os.lstat(place) if path == root else None
        for part in path[len(root) :].split(os.sep):
            if part:
                place = place + part if place.endswith(os.sep) else f"{place}{os.sep}{part}"
                status = os.lstat(place)
                if stat.S_ISLNK(status.st_mode):
                    return None
    except (OSError, ValueError):
        return None
    if status is not None and stat.S_ISLNK(status.st_mode):
        status = os.stat(place)
    return status


def stays_inside(root: str, path: str, allowed: Iterable[str]) -> bool:
    """True if a path, all symbolic links followed, leads into a directory that may be shown.

    Args:
        root: The directory; its own links count as its place.
        path: An absolute path; need not exist.
        allowed: Further directories that links may lead to.
    """
    try:
        real = os.path.realpath(path)
        return any(contains(os.path.realpath(place), real) for place in (root, *allowed))
    except (OSError, ValueError):
        return False


def directories(setting: Any) -> list[str]:
    """Return what ``allowed_symlink_directory`` says, one path or several or None, as a list."""
    if setting is None:
        return []
    if isinstance(setting, str | bytes | os.PathLike):
        return [os.path.abspath(os.fsdecode(setting))]
    return [os.path.abspath(os.fsdecode(place)) for place in setting]
