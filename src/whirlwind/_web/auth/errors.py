"""What goes wrong between a program and the service that knows its users.

Layer: web. Imports from ``_base`` and ``_http``.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from whirlwind._base.errors import WhirlwindError
from whirlwind._http.client.response import HTTPClientError, HTTPResponse


class AuthError(WhirlwindError):
    """A login that did not succeed; the message says what was found.

    Nothing is known of the user then. Answer with an error page, or begin the login again.
    """


class ProviderError(AuthError, HTTPClientError):
    """The provider answered with a status that is no success.

    It is an ``HTTPClientError`` as well, which is what the fetch raised and what programs for
    Tornado 6 catch; those for Tornado 4 catch ``AuthError``.

    Args:
        response: What the provider answered.

    Attributes:
        code, message, response: As those of ``HTTPClientError``.
    """

    def __init__(self, response: HTTPResponse) -> None:
        super().__init__(response.code, _failure(response), response)


def _failure(response: HTTPResponse) -> str:
    # Without the query: it holds tokens, and for some providers the program's secret.
    parts = urlsplit(response.effective_url)
    said = error_of(response.body)
    return f"{response.reason} from {parts.hostname}{parts.path}" + (f": {said}" if said else "")


def error_of(body: bytes) -> str:
    """Return what an answer says about its error, for a message.

    Args:
        body: The answer's body.

    Returns:
        ``error`` and ``error_description`` of a JSON object, else the first 40 bytes; empty for
        an empty body.

    Source: RFC 6749, section 5.2.
    """
    try:
        fields: Any = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    if isinstance(fields, dict) and isinstance(fields.get("error"), str):
        words = [fields["error"], fields.get("error_description")]
        return ascii(": ".join([word for word in words if isinstance(word, str)])[:200])[1:-1]
    return repr(body[:40]) if body else ""
