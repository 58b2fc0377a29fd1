"""The patterns of HTTP's grammar that more than one reader needs.

Layer: protocols. Standard library only.

All are for ``fullmatch``, all take time linear in the text, none knows any digit, letter or
space outside of ASCII.
"""

from __future__ import annotations

import re
from typing import Final


class _ABNF:
    """Rules of RFC 9110 and 9112 under their names there, for texts decoded as Latin-1."""

    # RFC 9110, section 5.6.2
    token: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
    # RFC 9110, section 5.1
    field_name: Final = token
    # RFC 9110, section 5.5: no white space at the ends, no control character but the tab
    field_value: Final = re.compile(
        r"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?"
    )
    # RFC 9112, section 4
    reason_phrase: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]+")
    # RFC 9112, section 3.2, without its four forms: which of them is right depends on the
    # method. Characters above 0x7f are not in the RFC, and clients send them all the same.
    request_target: Final = re.compile(r"[\x21-\x7e\x80-\xff]+")
    # RFC 9112, sections 3 and 4. Messages of HTTP/2 and later have no start line.
    request_line: Final = re.compile(
        rf"({token.pattern}) ({request_target.pattern}) (HTTP/[0-9]\.[0-9])"
    )
    # The space after the code stands even where there is no reason.
    status_line: Final = re.compile(rf"(HTTP/[0-9]\.[0-9]) ([0-9]{{3}}) ({reason_phrase.pattern})?")
