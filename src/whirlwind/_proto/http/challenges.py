"""What a server or a proxy wants for authentication: ``WWW-Authenticate``, ``Proxy-Authenticate``.

Layer: protocols. Imports from ``_proto`` only.

A field holds several challenges, and commas stand between challenges as well as between the
parameters of one. What tells them apart is what follows a name: an equals sign for a parameter,
white space or nothing for the scheme of the next challenge. One pass, and no way back: a peer
chooses the text.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from whirlwind._proto.http.grammar import _ABNF

_GAP: Final = re.compile(r"[ \t,]*+")
# The pattern ends with a plus: with a second one it gives nothing back.
_NAME: Final = re.compile(rf"{_ABNF.token.pattern}+")
# A value; what stands between quotes in the first group, else in the second.
_VALUE: Final = re.compile(
    rf'[ \t]*+=[ \t]*+(?:"((?:[^"\\]|\\.)*+)"|({_ABNF.token.pattern}+))', re.DOTALL
)
# One opaque text instead of parameters, as Negotiate has it; it fills its place in the list.
_TOKEN68: Final = re.compile(r"[ \t]++([A-Za-z0-9\-._~+/]++=*+)(?=[ \t]*+(?:,|\Z))")
_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)


class Challenge(NamedTuple):
    """One way to authenticate that a server offers.

    Attributes:
        scheme: Its name, in lower case: ``"digest"``.
        parameters: Names in lower case, values without quotes.
    """

    scheme: str
    parameters: dict[str, str]


def parse_challenges(value: str) -> list[Challenge]:
    """Take the value of a field with challenges apart.

    Args:
        value: The value; that of several fields, joined with commas, is the same thing.

    Returns:
        The challenges in the order of the server's preference. Reading ends at the first that
        breaks the grammar, or names one of its parameters twice: that one and all behind it are
        left out.

    Source: RFC 9110, sections 11.2, 11.3 and 11.6.1.
    """
    found: list[Challenge] = []
    at = began = 0
    while (at := _end(_GAP.match(value, at), at)) < len(value):
        name = _NAME.match(value, at)
        if name is None:
            return found[:-1]
        at = name.end()
        parameter = _VALUE.match(value, at)
        if parameter is None:
            if found and "," not in value[began : name.start()]:
                return found[:-1]
            found.append(Challenge(name[0].lower(), {}))
            at = _end(_TOKEN68.match(value, at), at)
            if at < len(value) and value[at] not in " \t,":
                return found[:-1]
        else:
            if not found or name[0].lower() in found[-1].parameters:
                return found[:-1]
            quoted, token = parameter.groups()
            text = token if quoted is None else _QUOTED_PAIR.sub(r"\1", quoted)
            found[-1].parameters[name[0].lower()] = text
            at = parameter.end()
        began = at
    return found


def _end(match: re.Match[str] | None, otherwise: int) -> int:
    return otherwise if match is None else match.end()
