"""TLS options: what they mean, and how old a protocol may be."""

from __future__ import annotations

import ssl
import warnings
from typing import Any

import pytest
from tests.support.streams import SERVER_OPTIONS

from whirlwind.netutil import SSLCertificateError, ssl_match_hostname, ssl_options_to_context


@pytest.mark.parametrize("side", [True, False, None])
def test_no_context_speaks_less_than_tls_1_2(side: bool | None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        context = ssl_options_to_context(SERVER_OPTIONS, server_side=side)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_COMPRESSION
    assert context.options & ssl.OP_NO_RENEGOTIATION


@pytest.mark.parametrize("name", ["PROTOCOL_TLSv1", "PROTOCOL_TLSv1_1"])
def test_an_old_protocol_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"older than TLS 1\.2"):
        ssl_options_to_context({"ssl_version": getattr(ssl, name)})


@pytest.mark.parametrize("options", [None, "certfile", ["certfile"], 5])
def test_options_of_another_kind_are_refused(options: Any) -> None:
    with pytest.raises(TypeError, match="must be a dict or an SSLContext, not "):
        ssl_options_to_context(options)


def test_a_client_checks_its_peer_unless_told_not_to() -> None:
    checking = ssl_options_to_context({}, server_side=False)
    assert checking.verify_mode == ssl.CERT_REQUIRED
    assert checking.check_hostname
    trusting = ssl_options_to_context({"cert_reqs": ssl.CERT_NONE}, server_side=False)
    assert trusting.verify_mode == ssl.CERT_NONE
    assert not trusting.check_hostname
    own = ssl_options_to_context({"ca_certs": SERVER_OPTIONS["certfile"]}, server_side=False)
    assert len(own.get_ca_certs()) == 1
    asking = ssl_options_to_context(
        {**SERVER_OPTIONS, "cert_reqs": ssl.CERT_REQUIRED}, server_side=True
    )
    assert asking.verify_mode == ssl.CERT_REQUIRED


def test_a_context_is_left_as_it_is_and_unknown_keys_are_named() -> None:
    context = ssl.create_default_context()
    assert ssl_options_to_context(context, server_side=True) is context
    with pytest.raises(ValueError, match="cert_file"):
        ssl_options_to_context({"cert_file": "x"})


def test_ciphers_are_passed_on() -> None:
    context = ssl_options_to_context({"ciphers": "ECDHE-RSA-AES128-GCM-SHA256"}, server_side=True)
    names = {cipher["name"] for cipher in context.get_ciphers()}
    assert "ECDHE-RSA-AES128-GCM-SHA256" in names
    assert "ECDHE-RSA-AES256-GCM-SHA384" not in names


CERTIFICATE = {
    "subject": ((("commonName", "only.example"),),),
    "subjectAltName": (
        ("DNS", "a.example"),
        ("DNS", "*.b.example"),
        ("DNS", "*.example"),
        ("DNS", "f*.c.example"),
        ("IP Address", "192.0.2.1"),
        ("IP Address", "2001:DB8:0:0:0:0:0:1"),
    ),
}


@pytest.mark.parametrize(
    "host", ["a.example", "A.Example.", "x.b.example", "192.0.2.1", "2001:db8::1"]
)
def test_a_certificate_is_for_the_names_it_holds(host: str) -> None:
    ssl_match_hostname(CERTIFICATE, host)


@pytest.mark.parametrize(
    "host",
    [
        "only.example",  # the common name does not count
        "b.example",
        ".b.example",
        "x.y.b.example",
        "other.example",  # "*.example" would be a whole top-level domain
        "foo.c.example",  # a wildcard is a whole label
        "192.0.2.2",
        "2001:db8::2",
    ],
)
def test_a_certificate_is_for_no_other_name(host: str) -> None:
    with pytest.raises(SSLCertificateError, match="doesn't match"):
        ssl_match_hostname(CERTIFICATE, host)


def test_an_unverified_peer_matches_nothing() -> None:
    with pytest.raises(ValueError, match="not verified"):
        ssl_match_hostname({}, "a.example")


@pytest.mark.parametrize("name", ["PROTOCOL_TLSv1_2", "PROTOCOL_TLS", "PROTOCOL_TLS_CLIENT"])
def test_a_client_checks_its_peer_whatever_version_it_asks_for(name: str) -> None:
    version = getattr(ssl, name)
    checking = ssl_options_to_context({"ssl_version": version}, server_side=False)
    assert (checking.protocol, checking.verify_mode) == (version, ssl.CERT_REQUIRED)
    assert checking.check_hostname
    given = {"ssl_version": version, "cert_reqs": ssl.CERT_NONE}
    assert ssl_options_to_context(given, server_side=False).verify_mode == ssl.CERT_NONE
