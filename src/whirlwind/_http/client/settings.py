"""What a request, with its client's defaults, asks of a fetch.

Layer: HTTP. Imports from this package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from whirlwind._http.client.request import HTTPRequest, _RequestProxy

if TYPE_CHECKING:
    from whirlwind._http.client.prepared_request import PreparedRequest

# Attributes that each request has, whether it says anything or not.
_NO_OPTIONS: Final = frozenset(vars(HTTPRequest("http://localhost/")))
# Options for which a request is made ready on its own.
_ON_ITS_OWN: Final = frozenset(
    {"auth_username", "proxy_host", "body_producer", "expect_100_continue"}
)
_SAYS_NOTHING: Final = len(_NO_OPTIONS)


class Settings:
    """Options of a request, read once.

    Args:
        options: Those of the request, and those of its client that it leaves open; none is None.

    Attributes:
        options: As above; never changed, maybe those of many fetches.
        header_callback, streaming_callback, body_producer: As in ``HTTPRequest``.
        expects_continue: Whether the body waits until the server asks for it.
        decompresses: Whether to undo a response's compression.
        is_quiet: Whether no code of the program's runs before the response is there.
        max_redirects: How many redirects to follow.
        plain: What GETs that say nothing but their URL are sent as, by URL; None if that depends
            on more than these settings. See ``prepared_request.py``.
        request_timeout: For all of the fetch, in seconds; 0 for ever.
        queue_timeout: For a place among ``max_clients``, and once more for a connection.
    """

    __slots__ = (
        "body_producer",
        "decompresses",
        "expects_continue",
        "header_callback",
        "is_quiet",
        "max_redirects",
        "options",
        "plain",
        "queue_timeout",
        "request_timeout",
        "streaming_callback",
    )

    def __init__(self, options: Mapping[str, Any]) -> None:
        said = options.get
        self.options = options
        self.header_callback: Callable[[str], None] | None = said("header_callback")
        self.streaming_callback: Any = said("streaming_callback")
        self.body_producer: Any = said("body_producer")
        self.expects_continue = bool(said("expect_100_continue"))
        self.decompresses = bool(said("decompress_response"))
        self.is_quiet = (
            self.header_callback is None
            and self.streaming_callback is None
            and self.body_producer is None
        )
        given = said("ssl_options")
        self.plain: dict[str, PreparedRequest] | None = None
        # A dictionary is the program's to change.
        if _ON_ITS_OWN.isdisjoint(options) and not isinstance(given, dict):
            self.plain = {}
        self.max_redirects: int = said("max_redirects", 0) if said("follow_redirects") else 0
        request_timeout: float = said("request_timeout") or 0
        connect_timeout: float = said("connect_timeout") or 0
        self.request_timeout = request_timeout
        if request_timeout and connect_timeout:
            self.queue_timeout = min(connect_timeout, request_timeout)
        else:
            self.queue_timeout = connect_timeout or request_timeout


class SettingsReader:
    """Reads the settings of requests.

    Those of a request that says nothing are read once, and those of a request that says what the
    one before said are not read again: a program mostly says the same each time.
    """

    def __init__(self) -> None:
        self._defaults: Mapping[str, Any] | None = None
        self._usual = Settings({})
        self._last: Mapping[str, Any] = {}
        self._last_settings = self._usual

    def read(self, request: HTTPRequest | _RequestProxy) -> Settings:
        """Return the settings of a request."""
        if isinstance(request, _RequestProxy):
            said = vars(request.request)
            defaults = request.defaults or {}
        else:
            said = vars(request)
            defaults = {}
        # A program may change its client's defaults at any time.
        if self._defaults != defaults:
            self._defaults = dict(defaults)
            self._usual = self._last_settings = Settings(_without_none(self._defaults))
            self._last = {}
        if len(said) == _SAYS_NOTHING:
            return self._usual
        own = {
            name: value
            for name, value in said.items()
            # A program that sets an attribute to None wants the default for it.
            if value is not None and name not in _NO_OPTIONS
        }
        if own != self._last:
            self._last_settings = Settings({**self._usual.options, **own})
            self._last = own
        return self._last_settings


def _without_none(options: Mapping[str, Any]) -> Mapping[str, Any]:
    if None in options.values():
        return {name: value for name, value in options.items() if value is not None}
    return options
