"""A request made ready: where it goes, through which connection, and the bytes of its head.

Layer: HTTP. Imports from ``_base``, ``_proto`` and this package.

Most requests of a program say nothing but their URL, and most URLs come again. Those are made
ready once, and found in ``Settings.plain`` from then on.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from whirlwind._base.limits import MAX_TARGETS
from whirlwind._http.client.authentication import Account, Authenticator
from whirlwind._http.client.connection_key import ConnectionKey, connection_key
from whirlwind._http.client.request_head import check_method, encode_head, is_chunked
from whirlwind._http.client.route import ROUTING_OPTIONS, route_of
from whirlwind._http.client.settings import Settings
from whirlwind._http.client.target import Target, parse_target
from whirlwind._proto.http.headers import HTTPHeaders

_LONGEST_REMEMBERED: Final = 512


class PreparedRequest(NamedTuple):
    """A request made ready.

    Attributes:
        target: Where it goes.
        key: What its connection is filed under.
        head: Start line and header fields.
        chunked: Whether its body goes out in chunks.
        accounts: Who is asking, by the status that wants to know.
    """

    target: Target
    key: ConnectionKey
    head: bytes
    chunked: bool = False
    accounts: dict[int, Account] | None = None


class RequestPreparer:
    """Makes the requests of one client ready.

    Args:
        authenticator: Writes the fields with credentials.
        user_agent: What to send where neither request nor client says anything.
        closes: Whether each connection is for one request alone.
    """

    def __init__(
        self, authenticator: Authenticator, user_agent: str, *, closes: bool = False
    ) -> None:
        self._authenticator = authenticator
        self._user_agent = user_agent
        self._closes = closes

    def prepare(
        self,
        url: str,
        method: str,
        headers: HTTPHeaders | None,
        body: bytes | None,
        settings: Settings,
        *,
        has_producer: bool,
        is_http: bool,
    ) -> PreparedRequest:
        """Make a request ready.

        Args:
            url: The URL.
            method: The method.
            headers: The fields that the program set; not changed. None for none.
            body: The body; None for none, or for one that comes later.
            settings: The settings.
            has_producer: Whether the body comes from a ``body_producer``.
            is_http: As for ``route_of``.

        Raises:
            KeyError: The method is not one of HTTP's own.
            ValueError: Something of it may not be sent, or contradicts itself.
        """
        options = settings.options
        target = parse_target(url)
        check_method(
            method,
            has_body=body is not None or has_producer,
            allow_nonstandard=bool(options.get("allow_nonstandard_methods")),
        )
        chunked = is_chunked(method, headers, body=body, has_producer=has_producer)
        if target.username is None and ROUTING_OPTIONS.isdisjoint(options):
            key, named, credentials, accounts = connection_key(target, options), None, None, None
        else:
            key, named, credentials, accounts = route_of(
                target, method, headers, options, self._authenticator, is_http=is_http
            )
        head = encode_head(
            target,
            method,
            headers,
            options,
            body=body,
            chunked=chunked,
            user_agent=self._user_agent,
            named=named,
            credentials=credentials,
            closes=self._closes,
        )
        prepared = PreparedRequest(target, key, head, chunked, accounts)
        plain = settings.plain
        if (
            plain is not None
            and method == "GET"
            and body is None
            and not headers
            and accounts is None
            and len(url) <= _LONGEST_REMEMBERED
        ):
            if len(plain) >= MAX_TARGETS:
                plain.clear()
            plain[url] = prepared
        return prepared
