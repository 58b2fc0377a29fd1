"""Pages: where a handler's templates are, and what UI modules add to what they give.

Layer: web. Imports from ``_base`` and within ``_web``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from whirlwind._base.escape import utf8, xhtml_escape
from whirlwind._proto.http.urls import is_absolute
from whirlwind._web.template.listing import Listing
from whirlwind._web.ui_modules import UIModule, file_list

_ROOM: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep


def directory_of_caller() -> str:
    """Return the directory of the program's file that asked for a page.

    That is the nearest one on the stack which is neither of this room nor a template.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None and (
        frame.f_code.co_filename.startswith(_ROOM)
        or isinstance(frame.f_globals.get("__loader__"), Listing)
    ):
        frame = frame.f_back
    return os.path.dirname(frame.f_code.co_filename)


class Resources:
    """What the UI modules of one page want it to have, each list in the order of their use."""

    def __init__(self) -> None:
        self.javascript_files: list[str] = []
        self.embedded_javascript: list[bytes] = []
        self.css_files: list[str] = []
        self.embedded_css: list[bytes] = []
        self.html_head: list[bytes] = []
        self.html_body: list[bytes] = []


def resources_of(modules: Iterable[UIModule]) -> Resources:
    """Ask the modules that a page used for their resources.

    Args:
        modules: The modules, each of which is asked once for each kind.
    """
    found = Resources()
    for module in modules:
        if text := module.embedded_javascript():
            found.embedded_javascript.append(utf8(text))
        if files := module.javascript_files():
            found.javascript_files += file_list(files)
        if text := module.embedded_css():
            found.embedded_css.append(utf8(text))
        if files := module.css_files():
            found.css_files += file_list(files)
        if text := module.html_head():
            found.html_head.append(utf8(text))
        if text := module.html_body():
            found.html_body.append(utf8(text))
    return found


def insert_resources(
    page: bytes, head: list[bytes], scripts: list[bytes], body: list[bytes]
) -> bytes:
    """Put into a page what its UI modules want, a line end after each piece.

    Args:
        page: The page.
        head: Pieces for the end of its head.
        scripts: Pieces for the end of its body, before its last ``</body>``: an earlier one may
            stand in a script of the page's own.
        body: The same, after the scripts; where there are several ``</body>``, before the first.

    Raises:
        ValueError: The page has no ``</head>`` or ``</body>`` to put them before.
    """
    # All places are looked for in the page as it was: what is put in may say "</body>" too.
    added = sorted(
        (_place(page, find, tag), number, b"".join(piece + b"\n" for piece in pieces))
        for number, (pieces, tag, find) in enumerate(
            (
                (head, b"</head>", bytes.find),
                (scripts, b"</body>", bytes.rfind),
                (body, b"</body>", bytes.find),
            )
        )
        if pieces
    )
    whole = []
    start = 0
    for at, _, piece in added:
        whole += [page[start:at], piece]
        start = at
    return b"".join([*whole, page[start:]])


def _place(page: bytes, find: Callable[[bytes, bytes], int], tag: bytes) -> int:
    at = find(page, tag)
    if at < 0:
        raise ValueError(
            f"the page has no {tag.decode()}, and its UI modules have something to put before it"
        )
    return at


def linked(files: Iterable[str], static_url: Callable[[str], Any], form: str) -> str:
    """Return a tag for each file, without those that came before.

    Args:
        files: URLs, paths from the root, or names of static files.
        static_url: Returns the path of a static file.
        form: The tag, with ``%s`` where the address goes.
    """
    urls = [file if is_absolute(file) else static_url(file) for file in files]
    return "".join(form % xhtml_escape(url) for url in dict.fromkeys(urls))


SCRIPT_LINK: Final = '<script src="%s" type="text/javascript"></script>'
STYLE_LINK: Final = '<link href="%s" type="text/css" rel="stylesheet"/>'


def embedded_script(pieces: Iterable[bytes]) -> bytes:
    """Return JavaScript as it stands in a page that is HTML and may be XML."""
    return (
        b'<script type="text/javascript">\n//<![CDATA[\n'
        + b"\n".join(pieces)
        + b"\n//]]>\n</script>"
    )


def embedded_style(pieces: Iterable[bytes]) -> bytes:
    """Return CSS as it stands in a page."""
    return b'<style type="text/css">\n' + b"\n".join(pieces) + b"\n</style>"
