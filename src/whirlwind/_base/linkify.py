"""Finds addresses in plain text and makes links of them.

Layer: base. Imports from within ``_base`` only.

Theory of operation
-------------------
The text is escaped first, so that what is returned is HTML whatever came in; the search runs
over the escaped text. An address begins with ``scheme:/`` or ``www.`` and goes on until a
blank, an angle bracket or a single quote (which are references by then). Parentheses belong to
it if they close, one level deep, as in ``/wiki/Rose_(plant)``. Punctuation at its end belongs to
the sentence around it.

The text is often a peer's, and the usual pattern for this job takes exponential time. Here runs
are taken possessively (``++``), so that no second way to divide the same characters is tried,
and a scheme has a greatest length, so that ``a-a-a-a-`` is not read to its end from each ``a``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final

from whirlwind._base.escape import to_unicode, xhtml_escape
from whirlwind._base.late_pattern import late_pattern

# Lengths in characters: an address up to the first is shown whole; of a longer one the host and
# so much of the path's first part; and if the host alone makes it too long, just its beginning.
_SHORT: Final = 30
_SHOWN_OF_PATH: Final = 8
_TOO_LONG: Final = 45

_ADDRESS: Final = late_pattern(
    r"""
    \b (?: (?P<scheme> \w [\w-]{0,30}+ ) :/{1,3} | www[.] )
    (?P<rest> (?: [^\s&()]++ | &amp; | &quot; | [(] (?: [^\s&()]++ | &amp; | &quot; )*+ [)] )*+ )
    """,
    re.VERBOSE,
)

# An address does not end with one of these: they belong to the sentence around it.
_TRAILING: Final = frozenset("!#$%(*+,.:;=?@[]^`{|}~")


def linkify(
    text: str | bytes,
    shorten: bool = False,
    extra_params: str | Callable[[str], str] = "",
    require_protocol: bool = False,
    permitted_protocols: Collection[str] = ("http", "https"),
) -> str:
    """Turn plain text into HTML in which addresses are links.

    Args:
        text: Plain text, or UTF-8 bytes; not HTML, it is escaped.
        shorten: Whether long addresses are shown cut; the link itself stays whole, and its
            ``title`` shows it.
        extra_params: Further attributes of each link, as HTML, or a function that is given the
            link's address and returns them.
        require_protocol: Whether only addresses that name their scheme become links; by default
            ``www.example.com`` does as well.
        permitted_protocols: Schemes that may be linked to, in lower case. Think twice before
            permitting more: ``javascript`` in a link is an injection.

    Returns:
        HTML.
    """

    def link(match: re.Match[str]) -> str:
        scheme: str | None = match["scheme"]
        if require_protocol and scheme is None:
            return match[0]
        if scheme is not None and scheme not in permitted_protocols:
            return match[0]
        rest = _without_trailing(match["rest"])
        if not rest and not match[0].endswith("//", 0, match.start("rest") - match.start()):
            return match[0]  # a bare "www." or "http:/"
        prefix = match[0][: match.start("rest") - match.start()]
        shown = prefix + rest
        address = shown if scheme is not None else f"http://{shown}"
        after = match[0][len(shown) :]
        more = extra_params(address) if callable(extra_params) else extra_params
        attributes = f' href="{address}"' + (f" {more.strip()}" if more.strip() else "")
        if shorten and (cut := _shortened(prefix if scheme else "", shown)) != shown:
            attributes += f' title="{address}"'
            shown = cut
        return f"<a{attributes}>{shown}</a>{after}"

    return _ADDRESS().sub(link, xhtml_escape(to_unicode(text)))


def _without_trailing(rest: str) -> str:
    end = len(rest)
    while end:
        if rest.endswith(("&amp;", "&quot;"), 0, end):
            end = rest.rindex("&", 0, end)
        elif rest[end - 1] in _TRAILING:
            end -= 1
        else:
            break
    return rest[:end]


def _shortened(prefix: str, shown: str) -> str:
    """Return an address as it is shown: whole, or cut and with three dots at its end.

    Args:
        prefix: The scheme and the slashes with which ``shown`` begins, or nothing.
        shown: The address, escaped.
    """
    if len(shown) <= _SHORT:
        return shown
    host, slash, path = shown[len(prefix) :].partition("/")
    part = path.partition("/")[0][:_SHOWN_OF_PATH].partition("?")[0].partition(".")[0]
    cut = prefix + host + slash + part
    if len(cut) > _TOO_LONG:
        cut = cut[:_SHORT]
    if cut.rfind("&") > cut.rfind(";"):
        cut = cut[: cut.rfind("&")]  # never half a character reference
    return f"{cut}..." if len(cut) + len("...") < len(shown) else shown
