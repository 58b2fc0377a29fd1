"""Basic and digest authentication against servers that check what they are told."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from tests.support.digest_check import DigestCheck
from tests.support.forward_proxy import fields_of
from tests.support.guarded_http import guarded
from tests.support.scripted_http import ScriptedServer, run, serving

from whirlwind._http.client.authentication import Account, Authenticator
from whirlwind.httpclient import HTTPClientError

MUFASA: dict[str, Any] = {
    "auth_username": "Mufasa",
    "auth_password": "Circle, of Life",
    "auth_mode": "digest",
}


def authorizations(server: ScriptedServer) -> list[str]:
    return [fields_of(one.decode()).get("authorization", "") for one in server.requests]


@pytest.mark.parametrize("qop", [None, "auth", "auth-int,auth"])
@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"])
def test_a_challenge_is_answered_once_and_serves_for_what_follows(
    algorithm: str, qop: str | None
) -> None:
    if qop is None and algorithm.endswith("-sess"):
        return  # RFC 2069 has no cnonce, which these hash

    async def main() -> None:
        async with guarded(algorithm=algorithm, qop=qop) as (server, client):
            for path in ("", "other?x=y", ""):
                response = await client.fetch(server.url + path, **MUFASA)
                assert (response.code, response.body) == (200, b"hello")
            assert len(server.requests) == 4
            assert server.connections == 1
            assert server.check.counts == ([0] * 3 if qop is None else [1, 2, 3])

    run(main())


def test_a_stale_nonce_is_replaced_and_counted_from_one() -> None:
    async def main() -> None:
        async with guarded() as (server, client):
            server.check.uses = 2
            for _ in range(5):
                assert (await client.fetch(server.url, **MUFASA)).code == 200
            assert server.check.counts == [1, 2, 1, 2, 1]
            assert len(server.requests) == 5 + 3

    run(main())


def test_a_body_is_sent_again_with_the_answer() -> None:
    async def main() -> None:
        async with guarded() as (server, client):
            await client.fetch(server.url, method="PUT", body=b"text", **MUFASA)

            async def producer(write: Any) -> None:
                await write(b"text")

            server.check.nonce += 1
            await client.fetch(
                server.url,
                method="POST",
                headers={"Content-Length": "4"},
                body_producer=producer,
                **MUFASA,
            )
            assert [request[-4:] for request in server.requests] == [b"text"] * 4

    run(main())


def test_callbacks_hear_of_the_last_response_only() -> None:
    async def main() -> None:
        async with guarded() as (server, client):
            lines: list[str] = []
            pieces: list[bytes] = []
            await client.fetch(
                server.url, header_callback=lines.append, streaming_callback=pieces.append, **MUFASA
            )
            assert lines[0].startswith("HTTP/1.1 200")
            assert pieces == [b"hello"]

    run(main())


def test_a_wrong_password_is_tried_once_and_not_remembered() -> None:
    async def main() -> None:
        async with guarded() as (server, client):
            wrong = {**MUFASA, "auth_password": "wrong"}
            for _ in range(2):
                with pytest.raises(HTTPClientError) as caught:
                    await client.fetch(server.url, **wrong)
                assert caught.value.code == 401
                assert caught.value.response is not None
                assert caught.value.response.body == b"out!"
            assert [bool(one) for one in authorizations(server)] == [False, True, False, True]

    run(main())


@pytest.mark.parametrize("challenge", ["Basic realm=x", "Digest realm=x", "Digest nonce=", ""])
def test_who_chose_digest_never_shows_a_password(challenge: str) -> None:
    async def main() -> None:
        reply = (
            f"HTTP/1.1 401 No\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 0\r\n\r\n"
        ).encode()
        async with serving(reply) as (server, client):
            with pytest.raises(HTTPClientError):
                await client.fetch(server.url, **MUFASA)
            assert authorizations(server) == [""]

    run(main())


def test_rule_9_an_answer_stays_with_its_origin() -> None:
    async def main() -> None:
        challenge = DigestCheck().challenge().encode()
        refusal = b"HTTP/1.1 401 No\r\nWWW-Authenticate: %b\r\nContent-Length: 0\r\n\r\n"
        async with serving(refusal % challenge) as (other, _), guarded() as (server, client):
            assert (await client.fetch(server.url, **MUFASA)).code == 200
            # Led away from here, the password does not come along, whatever is asked there.
            moved = f"HTTP/1.1 302 Found\r\nLocation: {other.url}\r\nContent-Length: 0\r\n\r\n"
            async with serving(moved.encode()) as (leading, _):
                with pytest.raises(HTTPClientError) as caught:
                    await client.fetch(leading.url, **MUFASA)
            assert caught.value.code == 401
            assert authorizations(other) == [""]
            # Named for the other server itself, it gets an answer of its own.
            with pytest.raises(HTTPClientError):
                await client.fetch(other.url, **MUFASA)
            assert authorizations(other)[1] == ""
            assert "nc=00000001" in authorizations(other)[2]
            assert len(other.requests) == 3

    run(main())


def test_a_redirect_within_an_origin_keeps_the_account() -> None:
    async def main() -> None:
        async with guarded() as (server, client):
            server.moved["/a"] = "/b"
            response = await client.fetch(server.url + "a", **MUFASA)
            assert response.effective_url == server.url + "b"
            assert server.check.counts == [1, 2]

    run(main())


def test_the_random_part_comes_from_the_source_that_was_given() -> None:
    numbers = count(1)
    authenticator = Authenticator(lambda: f"c{next(numbers)}")
    account = Account(("http", "h", 80), "u", "p", "digest")
    assert authenticator.field(account, "GET", "/") is None
    for expected in ("c1", "c2"):
        assert authenticator.learn(account, "Digest realm=r, nonce=n, qop=auth", answered=False)
        assert f'cnonce="{expected}"' in str(authenticator.field(account, "GET", "/"))
    other = account._replace(place=("http", "h", 81))
    assert authenticator.field(other, "GET", "/") is None
    assert not authenticator.learn(account, "Digest realm=r, nonce=m", answered=True)
    assert authenticator.field(account, "GET", "/") is None


def test_rule_5_the_memory_of_challenges_is_bounded() -> None:
    authenticator = Authenticator(lambda: "c", max_sessions=2)
    accounts = [Account(("http", "h", port), "u", "p", "digest") for port in (1, 2, 3)]
    for account in accounts[:2]:
        authenticator.learn(account, "Digest realm=r, nonce=n", answered=False)
    authenticator.field(accounts[0], "GET", "/")
    authenticator.learn(accounts[2], "Digest realm=r, nonce=n", answered=False)
    kept = [authenticator.field(account, "GET", "/") is not None for account in accounts]
    assert kept == [True, False, True]


def test_basic_is_sent_at_once_and_other_modes_never() -> None:
    authenticator = Authenticator(lambda: "c")
    account = Account(("http", "h", 80), "Aladdin", "open sesame", "basic")
    value = authenticator.field(account, "GET", "/")
    assert value == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="  # RFC 7617, section 2
    assert not authenticator.learn(account, "Digest realm=r, nonce=n", answered=False)
    with pytest.raises(ValueError, match="unsupported auth_mode ntlm"):
        authenticator.field(account._replace(mode="ntlm"), "GET", "/")
