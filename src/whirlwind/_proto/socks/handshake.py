"""How a client asks a SOCKS proxy for a connection: version 5 (RFC 1928), and 4 with 4a.

Layer: protocols. Imports from ``_base`` only.

Theory of operation
-------------------
A handshake says how many bytes it wants next and is fed exactly as many. So nothing is ever read
that belongs to whoever is behind the proxy, and there is nothing to give back. The bytes that go
out come from ``begin`` and from each ``feed``; once ``done``, the connection is the other end's.

A proxy that speaks another version, or names a kind of address that does not exist, is refused at
the first byte that tells so. Where the proxy connects from (``BND.ADDR``) is read and not used.
"""

from __future__ import annotations

import ipaddress
from typing import Final, Protocol

from whirlwind._base.errors import LocalProtocolError, RemoteProtocolError

_NO_AUTHENTICATION: Final = 0
_NAME_AND_PASSWORD: Final = 2
_NO_ACCEPTABLE_METHOD: Final = 0xFF
_IPV4, _NAME, _IPV6 = 1, 3, 4
_GRANTED: Final = 0x5A
# RFC 1928, section 6.
_REFUSALS: Final = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "time to live expired",
    7: "command not supported",
    8: "kind of address not supported",
}
_REFUSALS_4: Final = {
    0x5B: "rejected or failed",
    0x5C: "it cannot reach the client's identd",
    0x5D: "the client's identd says another name",
}


class SocksHandshake(Protocol):
    """What both versions have in common.

    Attributes:
        wants: How many bytes to feed next; 0 once the handshake is over.
        done: Whether the proxy has made the connection.
    """

    wants: int
    done: bool

    def begin(self) -> bytes:
        """Return what to send first."""

    def feed(self, data: bytes) -> bytes:
        """Take exactly ``wants`` bytes; return what to send next, maybe nothing."""


class Socks5Handshake:
    """A handshake of version 5.

    Args:
        host: Name or address to connect to; the proxy resolves a name.
        port: The port.
        username: Who is asking; None for nobody.
        password: The password for it.

    Attributes:
        wants: How many bytes to feed next; 0 once the handshake is over.
        done: Whether the proxy has made the connection.

    Raises:
        LocalProtocolError: Name, password or host cannot be written in 255 bytes.
    """

    def __init__(
        self, host: str, port: int, username: str | None = None, password: str = ""
    ) -> None:
        self.wants = 2
        self.done = False
        self._account = b""
        if username is not None:
            name, word = username.encode("utf-8"), password.encode("utf-8")
            self._account = b"\x01" + _short(name, "username") + _short(word, "password")
        self._request = b"\x05\x01\x00" + _address(host) + port.to_bytes(2, "big")
        self._take = self._take_method

    def begin(self) -> bytes:
        """Return what to send first: which kinds of authentication there are.

        Source: RFC 1928, section 3.
        """
        if self._account:
            return bytes([5, 2, _NO_AUTHENTICATION, _NAME_AND_PASSWORD])
        return bytes([5, 1, _NO_AUTHENTICATION])

    def feed(self, data: bytes) -> bytes:
        """Take exactly ``wants`` bytes.

        Returns:
            What to send next, maybe nothing.

        Raises:
            RemoteProtocolError: The proxy refuses, or what it says is not SOCKS 5.

        Source: RFC 1928, sections 3, 4 and 6; RFC 1929, section 2.
        """
        _check_size(data, self.wants)
        return self._take(data)

    def _take_method(self, data: bytes) -> bytes:
        version, method = data
        _check_version(version, 5)
        if method == _NO_AUTHENTICATION:
            return self._ask()
        if method == _NAME_AND_PASSWORD and self._account:
            self._take = self._take_verdict
            return self._account
        if method == _NO_ACCEPTABLE_METHOD:
            what = "another kind of authentication" if self._account else "a name and a password"
            raise RemoteProtocolError(f"it wants {what}")
        raise RemoteProtocolError(f"it wants authentication {method}, which was not offered")

    def _take_verdict(self, data: bytes) -> bytes:
        # The first byte is the version, which some servers have wrong; what counts is the second.
        if data[1] != 0:
            raise RemoteProtocolError(f"it refuses name and password (status {data[1]})")
        return self._ask()

    def _ask(self) -> bytes:
        self._take = self._take_reply
        self.wants = 5  # of the address, one byte: it says how long a name is
        return self._request

    def _take_reply(self, data: bytes) -> bytes:
        version, code, _, kind, first = data
        _check_version(version, 5)
        if code != 0:
            raise RemoteProtocolError(f"no connection: {_REFUSALS.get(code, f'code {code}')}")
        sizes = {_IPV4: 4, _NAME: 1 + first, _IPV6: 16}
        if kind not in sizes:
            raise RemoteProtocolError(f"its answer has an address of the unknown kind {kind}")
        self._take = self._take_bound
        self.wants = sizes[kind] - 1 + 2
        return b""

    def _take_bound(self, data: bytes) -> bytes:
        self.wants = 0
        self.done = True
        return b""


class Socks4Handshake:
    """A handshake of version 4; with a name for a host, that of 4a.

    Args:
        host: An IPv4 address, or a name, which the proxy resolves.
        port: The port.
        username: Who is asking; None for nobody. There are no passwords.

    Attributes:
        wants: How many bytes to feed next; 0 once the handshake is over.
        done: Whether the proxy has made the connection.

    Raises:
        LocalProtocolError: The host is an IPv6 address, or something holds a NUL or is over 255
            bytes.

    Source: "SOCKS: A protocol for TCP proxy across firewalls", and "SOCKS 4A", both by Ying-Da Lee.
    """

    def __init__(self, host: str, port: int, username: str | None = None) -> None:
        self.wants = 8
        self.done = False
        user = (username or "").encode("utf-8")
        address = _literal(host)
        if address is not None and address.version == 6:
            raise LocalProtocolError("SOCKS 4 has no IPv6")
        name = b""
        if address is None:
            # An address that cannot be: the name stands at the end.
            packed, name = b"\x00\x00\x00\x01", host.encode("ascii") + b"\x00"
        else:
            packed = address.packed
        if b"\x00" in user or b"\x00" in name[:-1] or len(user) > 255 or len(name) > 256:
            raise LocalProtocolError("user or host cannot be sent to a SOCKS 4 proxy")
        self._request = b"\x04\x01" + port.to_bytes(2, "big") + packed + user + b"\x00" + name

    def begin(self) -> bytes:
        """Return what to send first, which is all there is to say."""
        return self._request

    def feed(self, data: bytes) -> bytes:
        """Take exactly ``wants`` bytes.

        Returns:
            Nothing to send.

        Raises:
            RemoteProtocolError: The proxy refuses, or what it says is not SOCKS 4.
        """
        _check_size(data, self.wants)
        _check_version(data[0], 0)
        if data[1] != _GRANTED:
            said = _REFUSALS_4.get(data[1], f"code {data[1]}")
            raise RemoteProtocolError(f"no connection: {said}")
        self.wants = 0
        self.done = True
        return b""


def _check_size(data: bytes, wanted: int) -> None:
    if len(data) != wanted:
        raise ValueError(f"fed {len(data)} bytes, where {wanted} are wanted")


def _check_version(version: int, expected: int) -> None:
    if version != expected:
        raise RemoteProtocolError(f"its answer begins with {version}, not {expected}: no SOCKS")


def _short(data: bytes, what: str) -> bytes:
    if len(data) > 255:
        raise LocalProtocolError(f"{what} is {len(data)} bytes long, and SOCKS 5 has room for 255")
    return bytes([len(data)]) + data


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _address(host: str) -> bytes:
    literal = _literal(host)
    if literal is None:
        return bytes([_NAME]) + _short(host.encode("ascii"), "host")
    return bytes([_IPV4 if literal.version == 4 else _IPV6]) + literal.packed
