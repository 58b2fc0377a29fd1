"""The names of the status codes (RFC 9110, section 15).

Layer: protocols. Imports from the standard library only.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

#: Status code to reason phrase. A plain dictionary: programs add codes of their own to it.
responses: Final[dict[int, str]] = {status.value: status.phrase for status in HTTPStatus}


def has_no_body(code: int) -> bool:
    """True for a status whose response ends with its header, whatever the header says.

    Source: RFC 9110, section 6.4.1 (1xx, 204, 304).
    """
    return code < 200 or code == 204 or code == 304
