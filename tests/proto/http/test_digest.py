"""Digest authentication: the examples of RFC 7616 and RFC 2617, and what is not answered."""

from __future__ import annotations

import hashlib
import re

import pytest

from whirlwind._proto.http.digest import DigestChallenge, DigestSession, digest_challenge

# RFC 7616, section 3.9.1
OFFER = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def answered(session: DigestSession, method: str = "GET", uri: str = "/dir/index.html") -> str:
    value = session.authorization(method, uri)
    match = re.search(r'response="([0-9a-f]+)"', value)
    assert match is not None
    return match[1]


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_answers_are_those_of_rfc_7616(algorithm: str, response: str) -> None:
    challenge = digest_challenge(OFFER.format(algorithm))
    assert challenge is not None
    session = DigestSession(challenge, "Mufasa", "Circle of Life", CNONCE)
    value = session.authorization("GET", "/dir/index.html")
    assert value == (
        'Digest username="Mufasa", realm="http-auth@example.org", '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", uri="/dir/index.html", '
        f'response="{response}", algorithm={algorithm}, '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", '
        f'qop=auth, nc=00000001, cnonce="{CNONCE}"'
    )


def test_a_server_of_before_qop_gets_the_answer_of_rfc_2069() -> None:
    challenge = digest_challenge(
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5c"'
    )
    assert challenge is not None
    session = DigestSession(challenge, "Mufasa", "CircleOfLife", "0")
    value = session.authorization("GET", "/dir/index.html")
    # RFC 2069, section 2.4, as its erratum 749 corrects it.
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in value
    for absent in ("qop", "nc=", "cnonce", "algorithm"):
        assert absent not in value


def test_each_request_of_a_session_is_counted_and_differs() -> None:
    session = DigestSession(DigestChallenge("r", "n"), "u", "p", "c")
    values = [session.authorization("GET", "/") for _ in range(17)]
    assert ["nc=00000001" in values[0], "nc=00000011" in values[16]] == [True, True]
    assert len({answered(session) for _ in range(5)}) == 5
    assert session.count == 22


@pytest.mark.parametrize("algorithm", ["MD5-sess", "SHA-256-sess"])
def test_a_session_hashes_its_first_cnonce_into_the_secret(algorithm: str) -> None:
    kind = "md5" if algorithm.startswith("MD5") else "sha256"

    def hashed(text: str) -> str:
        return hashlib.new(kind, text.encode()).hexdigest()

    session = DigestSession(DigestChallenge("r", "n", algorithm), "u", "p", "c")
    secret = hashed(hashed("u:r:p") + ":n:c")
    for nc in ("00000001", "00000002"):
        assert answered(session) == hashed(
            f"{secret}:n:{nc}:c:auth:{hashed('GET:/dir/index.html')}"
        )


def test_a_name_outside_of_ascii_is_encoded_or_hidden() -> None:
    name = "Jäsøn Doe"
    session = DigestSession(DigestChallenge("api@example.org", "n"), name, "p", "c")
    assert session.authorization("GET", "/").startswith(
        "Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm="
    )
    hidden = DigestSession(
        DigestChallenge("api@example.org", "n", "SHA-256", hides_user=True), name, "p", "c"
    )
    value = hidden.authorization("GET", "/")
    shown = hashlib.sha256(f"{name}:api@example.org".encode()).hexdigest()
    assert value.startswith(f'Digest username="{shown}", ')
    assert value.endswith(", userhash=true")


def test_quotes_are_escaped_on_the_way_out() -> None:
    session = DigestSession(DigestChallenge('a"b', "n\\"), 'u"', "p", "c")
    value = session.authorization("GET", "/")
    assert 'username="u\\"", realm="a\\"b", nonce="n\\\\"' in value


@pytest.mark.parametrize(
    "value",
    [
        pytest.param('Basic realm="x"', id="another scheme"),
        pytest.param('Digest nonce="x"', id="no realm"),
        pytest.param('Digest realm="x"', id="no nonce"),
        pytest.param('Digest realm=x, nonce=y, qop="auth-int"', id="bodies to be hashed"),
        pytest.param("Digest realm=x, nonce=y, algorithm=SHA-512-256", id="unknown algorithm"),
        pytest.param("Digest realm=x, realm=y, nonce=z", id="two realms"),
    ],
)
def test_what_cannot_be_answered_is_no_challenge(value: str) -> None:
    assert digest_challenge(value) is None
    # The next one that can be is taken, where the field can be read that far.
    if value.count("realm") < 2:
        found = digest_challenge(f'{value}, Digest realm="b", nonce="c", stale=TRUE')
        assert found == DigestChallenge("b", "c", has_qop=False, stale=True)


def test_of_several_the_servers_favourite_is_taken() -> None:
    both = OFFER.format("SHA-256") + ", " + OFFER.format("MD5")
    challenge = digest_challenge(both)
    assert challenge is not None
    assert challenge.algorithm == "SHA-256"
