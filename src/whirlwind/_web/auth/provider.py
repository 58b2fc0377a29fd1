"""Asking a provider, and reading what it answers.

Layer: web. Imports from ``_base``, ``_http`` and within ``_web``.
"""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import urlsplit

from whirlwind._http.client.async_client import AsyncHTTPClient
from whirlwind._http.client.response import HTTPClientError, HTTPResponse
from whirlwind._web.auth.errors import AuthError, ProviderError

FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


async def ask(http: AsyncHTTPClient, url: str, **options: Any) -> HTTPResponse:
    """Fetch a URL of a provider.

    Args:
        http: The client.
        url: Where to.
        **options: Arguments of ``HTTPRequest``.

    Raises:
        ProviderError: The provider answered, with a status that is no success.
        HTTPClientError, OSError: It did not answer.
    """
    try:
        return await http.fetch(url, **options)
    except HTTPClientError as error:
        if error.response is None:
            raise
        raise ProviderError(error.response) from error


def decoded(response: HTTPResponse) -> Any:
    """Return the JSON of an answer.

    Raises:
        AuthError: It is something else.
    """
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError) as error:
        raise AuthError(f"{_place(response)} answered {response.body[:40]!r}: no JSON") from error


def decoded_object(response: HTTPResponse) -> dict[str, Any]:
    """Return the JSON object of an answer.

    Raises:
        AuthError: It is something else.
    """
    value = decoded(response)
    if isinstance(value, dict):
        return value
    raise AuthError(f"{_place(response)} answered {response.body[:40]!r}: no JSON object")


def _place(response: HTTPResponse) -> str:
    # Without the query, as in every message about a provider: it holds secrets.
    parts = urlsplit(response.effective_url)
    return f"{parts.hostname}{parts.path}"
