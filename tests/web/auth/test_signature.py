"""Signatures of OAuth 1 against the examples that the specifications print."""

from __future__ import annotations

import pytest

from whirlwind._web.auth.signature import base_string, base_string_uri, percent_encode, sign


def test_the_base_string_is_the_one_of_rfc_5849_section_3_4_1_1() -> None:
    url = "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b"
    parameters = [
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
        ("c2", ""),
        ("a3", "2 q"),
    ]
    assert base_string("post", url, parameters) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D"
        "%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3"
        "e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkk"
        "k9d7dh3k39sjv7"
    )


# RFC 5849, section 1.2: the three requests of the example.
@pytest.mark.parametrize(
    ("method", "url", "parameters", "token_secret", "expected"),
    [
        pytest.param(
            "POST",
            "https://photos.example.net/initiate",
            {
                "oauth_timestamp": "137131200",
                "oauth_nonce": "wIjqoS",
                "oauth_callback": "http://printer.example.com/ready",
            },
            "",
            "74KNZJeDHnMBp0EMJ9ZHt/XKycU=",
            id="temporary credentials",
        ),
        pytest.param(
            "POST",
            "https://photos.example.net/token",
            {
                "oauth_token": "hh5s93j4hdidpola",
                "oauth_timestamp": "137131201",
                "oauth_nonce": "walatlh",
                "oauth_verifier": "hfdp7dh39dks9884",
            },
            "hdhd0244k9j7ao03",
            "gKgrFCywp7rO0OXSjdot/IHF7IU=",
            id="token credentials",
        ),
        pytest.param(
            "GET",
            "http://photos.example.net/photos?file=vacation.jpg&size=original",
            {
                "oauth_token": "nnch734d00sl2jdk",
                "oauth_timestamp": "137131202",
                "oauth_nonce": "chapoH",
            },
            "pfkkdhi9sl3r4s00",
            "MdpQcU8iPSUjWoN/UDMsK2sui9I=",
            id="a protected resource",
        ),
    ],
)
def test_the_signatures_are_those_of_rfc_5849_section_1_2(
    method: str, url: str, parameters: dict[str, str], token_secret: str, expected: str
) -> None:
    common = {"oauth_consumer_key": "dpf43f3p2l4k3l03", "oauth_signature_method": "HMAC-SHA1"}
    base = base_string(method, url, {**common, **parameters}.items())
    assert sign(base, "kd94hf93k423kf44", token_secret) == expected


def test_the_signature_is_the_one_of_oauth_core_1_0_appendix_a_5() -> None:
    parameters = {
        "oauth_consumer_key": "dpf43f3p2l4k3l03",
        "oauth_token": "nnch734d00sl2jdk",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "1191242096",
        "oauth_nonce": "kllo9940pd9333jh",
        "oauth_version": "1.0",
        "file": b"vacation.jpg",
        "size": "original",
    }
    base = base_string("GET", "http://photos.example.net/photos", parameters.items())
    signature = sign(base, "kd94hf93k423kf44", "pfkkdhi9sl3r4s00")
    assert signature == "tR3+Ty81lMeYAr/Fid0kMTYa/WM="


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("abcABC123-._~", "abcABC123-._~"),
        ("%", "%25"),
        ("+ &=*", "%2B%20%26%3D%2A"),
        ("\n", "%0A"),
        ("\u007f\u0080\u3001", "%7F%C2%80%E3%80%81"),
        (b"\xc3\xbc", "%C3%BC"),
        (7, "7"),
        ("/", "%2F"),
    ],
)
def test_all_but_the_unreserved_characters_is_encoded(value: object, expected: str) -> None:
    assert percent_encode(value) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://Example.COM", "http://example.com/"),
        ("https://example.com:443/A?b#c", "https://example.com/A"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("https://user@example.com:8080/x%20y", "https://example.com:8080/x%20y"),
        ("http://[::1]:80/", "http://[::1]/"),
    ],
)
def test_a_url_is_written_in_the_one_way_that_both_sides_sign(url: str, expected: str) -> None:
    assert base_string_uri(url) == expected


@pytest.mark.parametrize("url", ["/relative", "ftp://example.com/", "http:///path"])
def test_a_url_that_cannot_be_signed_is_refused_with_what_it_was(url: str) -> None:
    with pytest.raises(ValueError, match=f"cannot sign '{url}'"):
        base_string_uri(url)


def test_secrets_are_encoded_before_they_make_the_key() -> None:
    # Without, the pair ("a&b", "") would sign as ("a", "b&") does.
    assert sign("x", "a&b", "") != sign("x", "a", "b&")
