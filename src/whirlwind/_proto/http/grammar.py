"""The patterns of HTTP's grammar that more than one reader needs.

Layer: protocols. Imports from ``_base`` only.

All are for ``fullmatch``, all take time linear in the text, none knows any digit, letter or
space outside of ASCII. What few programs need is compiled when it is first asked for.
"""

from __future__ import annotations

import re
from typing import Final

from whirlwind._base.lazy import lazy


class _Rules:
    """Rules of RFC 9110 and 9112 under their names there, for texts decoded as Latin-1."""

    # RFC 9110, section 5.6.2
    token: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
    # RFC 9110, section 5.1
    field_name: Final = token

    @lazy
    def field_value(self) -> re.Pattern[str]:
        # RFC 9110, section 5.5: no white space at the ends, no control character but the tab
        return re.compile(
            r"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?"
        )

    @lazy
    def reason_phrase(self) -> re.Pattern[str]:
        # RFC 9112, section 4
        return re.compile(r"[\t\x20-\x7e\x80-\xff]+")

    @lazy
    def request_target(self) -> re.Pattern[str]:
        # RFC 9112, section 3.2, without its four forms: which of them is right depends on the
        # method. Characters above 0x7f are not in the RFC, and clients send them all the same.
        return re.compile(r"[\x21-\x7e\x80-\xff]+")

    @lazy
    def request_line(self) -> re.Pattern[str]:
        # RFC 9112, section 3. Messages of HTTP/2 and later have no start line.
        return re.compile(
            rf"({self.token.pattern}) ({self.request_target.pattern}) (HTTP/[0-9]\.[0-9])"
        )

    @lazy
    def status_line(self) -> re.Pattern[str]:
        # RFC 9112, section 4. The space after the code stands even where there is no reason.
        reason = self.reason_phrase.pattern
        return re.compile(rf"(HTTP/[0-9]\.[0-9]) ([0-9]{{3}}) ({reason})?")


_ABNF: Final = _Rules()
