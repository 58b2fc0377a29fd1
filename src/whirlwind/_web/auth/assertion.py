"""What a provider of OpenID 2 says about a user, without I/O.

Layer: web. Imports within ``_web``.

Arguments are those of the request that the provider sent the user back with, by name, as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from whirlwind._web.auth.errors import AuthError

NAMESPACE: Final = "http://specs.openid.net/auth/2.0"
ATTRIBUTE_EXCHANGE: Final = "http://openid.net/srv/ax/1.0"

_ATTRIBUTES: Final = {
    "firstname": "http://axschema.org/namePerson/first",
    "fullname": "http://axschema.org/namePerson",
    "lastname": "http://axschema.org/namePerson/last",
    "email": "http://axschema.org/contact/email",
    "language": "http://axschema.org/pref/language",
    "username": "http://axschema.org/namePerson/friendly",
}
_NAME: Final = ("firstname", "fullname", "lastname")

#: Modes of an answer that says that there is no user.
_REFUSALS: Final = frozenset({"cancel", "setup_needed", "error"})


def attribute_request(attributes: Iterable[str]) -> dict[str, str]:
    """Return the arguments that ask a provider for attributes of the user.

    Args:
        attributes: Of ``name``, ``email``, ``language``, ``username``.

    Raises:
        AuthError: One is something else.

    Source: OpenID Attribute Exchange 1.0, section 5.1.
    """
    wanted = set(attributes)
    unknown = wanted - {"name", "email", "language", "username"}
    if unknown:
        raise AuthError(
            f"unknown attributes {sorted(unknown)}: expected name, email, language or username"
        )
    names = [*(_NAME if "name" in wanted else ()), *sorted(wanted - {"name"})]
    if not names:
        return {}
    return {
        "openid.ns.ax": ATTRIBUTE_EXCHANGE,
        "openid.ax.mode": "fetch_request",
        **{f"openid.ax.type.{name}": _ATTRIBUTES[name] for name in names},
        "openid.ax.required": ",".join(names),
    }


def is_confirmed(body: bytes) -> bool:
    """Tell whether a provider's answer to ``check_authentication`` confirms the assertion.

    Args:
        body: The answer: lines of ``key:value``.

    Returns:
        True only if there is one line with the key ``is_valid``, and its value is ``true``: no
        white space, no other key that ends like it, no second line that says otherwise.

    Source: OpenID Authentication 2.0, sections 4.1.1 and 11.4.2.2.
    """
    lines = [line.partition(b":") for line in body.split(b"\n")]
    values = [value for key, colon, value in lines if colon and key == b"is_valid"]
    return values == [b"true"]


def check_return(arguments: Mapping[str, str], url: str, *, place: bool) -> None:
    """Refuse an answer that is none about a user, or that was made for another site.

    Args:
        arguments: The request's.
        url: The request's whole URL.
        place: Whether ``openid.return_to`` has to be this URL. Without that, a site that a user
            logs in to elsewhere can log in here with what the provider sent it.

    Raises:
        AuthError: It is to be refused.

    Source: OpenID Authentication 2.0, sections 10.2 and 11.1. The scheme is left out of the
    comparison: a proxy in front of the server may have taken it away.
    """
    mode = arguments.get("openid.mode", "")
    if mode in _REFUSALS:
        raise AuthError(f"the OpenID provider answered {mode!r}")
    meant = arguments.get("openid.return_to")
    if place and meant is not None:
        found, expected = urlsplit(meant), urlsplit(url)
        if (found.netloc.lower(), found.path) != (expected.netloc.lower(), expected.path):
            raise AuthError(
                f"OpenID response is for {meant[:40]!r}, and came to {expected.netloc}"
                f"{expected.path[:40]}"
            )


def user_of(arguments: Mapping[str, str]) -> dict[str, Any]:
    """Return what a confirmed assertion says about the user.

    Args:
        arguments: The request's. Where they name what the provider signed, nothing else counts:
            whoever sends the request can add to the rest.

    Returns:
        As far as it is known: ``first_name``, ``last_name``, ``name``, ``email``, ``locale``,
        ``username``, ``claimed_id``.

    Source: OpenID Authentication 2.0, section 10.1; Attribute Exchange 1.0, section 5.2.
    """
    signed = arguments.get("openid.signed")
    if signed is not None:
        names = {f"openid.{name}" for name in signed.split(",")}
        arguments = {name: value for name, value in arguments.items() if name in names}
    given = {name: _attribute(arguments, uri) for name, uri in _ATTRIBUTES.items()}
    first, last, full, email = (given[n] for n in ("firstname", "lastname", "fullname", "email"))
    parts = [part for part in (first, last) if part]
    # The part of an address before its @ is better than nothing to call a user by.
    name = " ".join(parts) or full or email.partition("@")[0]
    user = {
        "first_name": first,
        "last_name": last,
        "name": name,
        "email": email,
        "locale": given["language"],
        "username": given["username"],
        "claimed_id": arguments.get("openid.claimed_id", ""),
    }
    return {field: value for field, value in user.items() if value}


def _attribute(arguments: Mapping[str, str], uri: str) -> str:
    """Return the value of the attribute of a type, under whatever names the provider chose."""
    for name, value in arguments.items():
        if not (name.startswith("openid.ns.") and value == ATTRIBUTE_EXCHANGE):
            continue
        types = f"openid.{name[10:]}.type."
        values = f"openid.{name[10:]}.value."
        for key, kind in arguments.items():
            if key.startswith(types) and kind == uri:
                alias = key[len(types) :]
                found = arguments.get(values + alias) or arguments.get(f"{values}{alias}.1")
                return found or ""
    return ""
