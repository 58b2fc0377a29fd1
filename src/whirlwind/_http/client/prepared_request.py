"""A request made ready: where it goes, through which connection, and the bytes of its head.

Layer: HTTP. Imports from ``_base``, ``_proto`` and this package.

Most requests of a program say nothing but their URL, and most URLs come again. Those are made
ready once.
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

# Options that change what is sent, or through what, if they are there at all.
_SAYS_MORE: Final = ROUTING_OPTIONS | {
    "allow_ipv6",
    "body_producer",
    "ca_certs",
    "client_cert",
    "client_key",
    "expect_100_continue",
    "network_interface",
    "ssl_options",
    "user_agent",
}
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
    """

    def __init__(self, authenticator: Authenticator, user_agent: str) -> None:
        self._authenticator = authenticator
        self._user_agent = user_agent
        self._plain: dict[tuple[str, bool, bool], PreparedRequest] = {}

    def plain(self, url: str, settings: Settings) -> PreparedRequest | None:
        """Return a GET that says nothing but its URL; None if its settings say more."""
        options = settings.options
        what = (url, settings.decompresses, bool(options.get("validate_cert", True)))
        found = self._plain.get(what)
        if found is not None and _SAYS_MORE.isdisjoint(options):
            return found
        if not _SAYS_MORE.isdisjoint(options) or len(url) > _LONGEST_REMEMBERED:
            return None
        target = parse_target(url)
        if target.username is not None:
            return None
        if len(self._plain) >= MAX_TARGETS:
            self._plain.clear()
        head = encode_head(
            target,
            "GET",
            None,
            options,
            body=None,
            chunked=False,
            user_agent=self._user_agent,
        )
        found = PreparedRequest(target, connection_key(target, options), head)
        self._plain[what] = found
        return found

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
        if method == "GET" and body is None and not headers and not has_producer and is_http:
            plain = self.plain(url, settings)
            if plain is not None:
                return plain
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
        )
        return PreparedRequest(target, key, head, chunked, accounts)
