"""Connections are shared by requests that want the same, and by no others."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from whirlwind._http.client.connection_key import TLSOptions, connection_key
from whirlwind._http.client.target import parse_target

HTTPS = parse_target("https://host/")
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
OPTIONS: list[dict[str, Any]] = [
    {},
    {"validate_cert": False},
    {"ca_certs": "a"},
    {"client_cert": "a"},
    {"client_cert": "a", "client_key": "b"},
    {"ssl_options": CONTEXT},
    {"ssl_options": {"ciphers": "ALL"}},
    {"network_interface": "127.0.0.1"},
    {"allow_ipv6": False},
]


def test_rule_9_every_option_of_a_connection_makes_another_key() -> None:
    keys = [connection_key(HTTPS, options) for options in OPTIONS]
    assert len(set(keys)) == len(OPTIONS)
    assert keys == [connection_key(HTTPS, options) for options in OPTIONS]


def test_rule_9_scheme_host_and_port_make_another_key() -> None:
    urls = ["http://host/", "https://host/", "http://other/", "http://host:81/"]
    assert len({connection_key(parse_target(url), {}) for url in urls}) == len(urls)
    assert connection_key(HTTPS, {}) is connection_key(parse_target("https://host/path?q"), {})


def test_what_a_connection_does_not_depend_on_makes_no_difference() -> None:
    usual = {"validate_cert": True, "follow_redirects": True, "allow_ipv6": True}
    assert connection_key(HTTPS, usual) == connection_key(HTTPS, {})
    assert connection_key(parse_target("http://host/"), {"validate_cert": False}).tls is None


def test_a_dict_says_the_same_as_single_options() -> None:
    given = {"cert_reqs": ssl.CERT_NONE, "ca_certs": "a", "keyfile": "k", "certfile": "c"}
    assert connection_key(HTTPS, {"ssl_options": given}).tls == TLSOptions(
        validate_cert=False, ca_certs="a", client_key="k", client_cert="c"
    )


def test_a_dict_is_part_of_the_key_whatever_its_order() -> None:
    given = {"cert_reqs": ssl.CERT_NONE, "ca_certs": "a", "ssl_version": ssl.PROTOCOL_TLS_CLIENT}
    key = connection_key(HTTPS, {"ssl_options": given})
    assert connection_key(HTTPS, {"ssl_options": dict(reversed(given.items()))}) == key
    assert connection_key(HTTPS, {"ssl_options": {**given, "ca_certs": "b"}}) != key


def test_tls_options_are_a_context_or_a_dict() -> None:
    with pytest.raises(TypeError, match="ssl_options is 'x'"):
        connection_key(HTTPS, {"ssl_options": "x"})


def test_an_interface_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="network_interface, got 'eth0'"):
        connection_key(HTTPS, {"network_interface": "eth0"})
