"""A server that fails at each stage of a fetch: an error that says where, and nothing left behind.

Each case is one connection to a server that does its part up to some point and then ends, in one
of three ways. The fetch that follows is served.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.certificates import authority
from tests.support.faulty_peer import FaultyPeer, Script, Wire, reply
from tests.support.leftovers import nothing_is_left
from tests.support.scripted_http import run

from whirlwind._base.limits import MAX_INFORMATIONAL
from whirlwind.curl_httpclient import CurlAsyncHTTPClient, CurlError
from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.simple_httpclient import HTTPStreamClosedError, SimpleAsyncHTTPClient

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

ENDS: dict[str, Script] = {"reset": Wire.reset, "half-close": Wire.hang_up, "close": Wire.finish}

# What the server does before it ends, and where the error says that it was.
BEFORE = "before a response came"
HEADER = "in the middle of the response's header"
BODY = "in the middle of the response's body"


def sends(data: bytes) -> Script:
    return reply(data, lambda wire: None)


STAGES: dict[str, tuple[Script, str]] = {
    "at once": (lambda wire: None, BEFORE),
    "request head": (sends(b""), BEFORE),
    "interim": (sends(b"HTTP/1.1 103 Hints\r\nA: b\r\n\r\n"), HEADER),
    "status line": (sends(b"HTTP/1.1 20"), HEADER),
    "head": (sends(b"HTTP/1.1 200 OK\r\nContent-Le"), HEADER),
    "whole fields": (sends(b"HTTP/1.1 200 OK\r\nA: b\r\n"), HEADER),
    "length": (sends(OK[:-1]), BODY),
    "chunk": (sends(CHUNKED + b"5\r\nab"), BODY),
    "between chunks": (sends(CHUNKED + b"1\r\na\r\n"), BODY),
    "trailer": (sends(CHUNKED + b"0\r\nA: "), BODY),
}


def over_tls(script: Script) -> Script:
    context = authority().server_context()

    def secured(wire: Wire) -> None:
        wire.secure(context)
        script(wire)

    return secured


def client_of(kind: str, **options: Any) -> AsyncHTTPClient:
    kinds = {"simple": SimpleAsyncHTTPClient, "curl": CurlAsyncHTTPClient}
    client = kinds[kind](force_instance=True, defaults={"ca_certs": authority().path}, **options)
    assert isinstance(client, AsyncHTTPClient)
    return client


def check_nothing_waits(client: AsyncHTTPClient) -> None:
    """The client's own books: no fetch, no deadline, no connection in use."""
    if isinstance(client, SimpleAsyncHTTPClient):
        assert not client.active
        assert not client.queue
        assert len(client._shared.stages) == len(client._shared.totals) == 0
        held = client.statistics()
        assert held.open == held.idle
    else:
        assert isinstance(client, CurlAsyncHTTPClient)
        assert not client._active
        assert not client._queue


def fails_then_serves(
    kind: str,
    script: Script,
    check: Callable[[BaseException], None],
    *,
    secure: bool,
    **options: Any,
) -> None:
    """Fetch from a server with a fault, look at the error, and fetch again from a sound one."""

    async def main() -> None:
        scripts: list[Script] = [script, reply(OK)]
        if secure:
            scripts = [over_tls(each) for each in scripts]
        with FaultyPeer(*scripts) as peer:
            async with nothing_is_left():
                client = client_of(kind)
                url = f"{'https' if secure else 'http'}://127.0.0.1:{peer.port}/"
                with pytest.raises(Exception) as caught:
                    await client.fetch(url, **options)
                check(caught.value)
                del caught
                check_nothing_waits(client)
                assert (await client.fetch(url)).body == b"ok"
                assert peer.connections == 2  # the first was not tried again: it was a new one
                client.close()

    run(main())


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_server_that_ends_at_a_stage_is_an_error_that_names_it(
    stage: str, end: str, secure: bool
) -> None:
    before, where = STAGES[stage]

    def script(wire: Wire) -> None:
        before(wire)
        ENDS[end](wire)

    def check(error: BaseException) -> None:
        if stage == "at once" and not isinstance(error, HTTPStreamClosedError):
            # The reset may come as early as that: before there was a connection.
            assert isinstance(error, ConnectionResetError)
            assert "(127.0.0.1 port " in str(error)
            return
        assert isinstance(error, HTTPStreamClosedError)
        # Where a server closes with the request unread its system resets the connection.
        how = "reset|closed" if stage == "at once" else "reset" if end == "reset" else "closed"
        assert re.match(f"Connection ({how}) {where}", str(error)), error
        assert isinstance(error, ConnectionResetError) == str(error).startswith("Connection reset")

    fails_then_serves("simple", script, check, secure=secure)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("stage", STAGES)
def test_libcurl_says_that_it_failed_at_every_stage(stage: str, end: str, secure: bool) -> None:
    before, _ = STAGES[stage]

    def script(wire: Wire) -> None:
        before(wire)
        ENDS[end](wire)

    def check(error: BaseException) -> None:
        assert isinstance(error, CurlError)
        assert error.code == 599
        if stage == "whole fields" and end != "reset" and not secure:
            assert "closed within the header" in str(error)

    fails_then_serves("curl", script, check, secure=secure)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("kind", ["simple", "curl"])
def test_a_server_that_ends_in_the_middle_of_the_requests_body(kind: str, end: str) -> None:
    def script(wire: Wire) -> None:
        wire.head()
        wire.read(100_000)
        ENDS[end](wire)

    def check(error: BaseException) -> None:
        if kind == "curl":
            assert isinstance(error, CurlError)
            return
        assert isinstance(error, HTTPStreamClosedError)
        # A server that only stopped to send is sent the rest, which it may be waiting for.
        where = BEFORE if end == "half-close" else "while the request was being sent"
        assert str(error).endswith(where)

    body = b"x" * 20_000_000
    fails_then_serves(kind, script, check, secure=False, method="PUT", body=body)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("kind", ["simple", "curl"])
def test_rule_7_a_body_up_to_the_end_of_the_connection_needs_an_end_in_order(
    kind: str, secure: bool, end: str
) -> None:
    """Over TLS only its farewell is one: anybody on the way can end a TCP connection."""
    headed = reply(b"HTTP/1.1 200 OK\r\n\r\nall of it", ENDS[end])
    if end == "close" or (end == "half-close" and not secure):

        async def main() -> None:
            with FaultyPeer(over_tls(headed) if secure else headed) as peer:
                async with nothing_is_left():
                    client = client_of(kind)
                    url = f"{'https' if secure else 'http'}://127.0.0.1:{peer.port}/"
                    assert (await client.fetch(url)).body == b"all of it"
                    check_nothing_waits(client)
                    client.close()

        run(main())
        return

    def check(error: BaseException) -> None:
        if kind == "curl":
            assert isinstance(error, CurlError)
        elif end == "reset":
            assert str(error) == f"Connection reset {BODY}"
        else:
            assert "without the farewell of TLS" in str(error)

    fails_then_serves(kind, headed, check, secure=secure)


@pytest.mark.parametrize("kind", ["simple", "curl"])
def test_nobody_there_is_an_error_with_the_address(kind: str) -> None:
    async def main() -> None:
        with FaultyPeer(reply(OK)) as peer:
            port = peer.port
        async with nothing_is_left():
            client = client_of(kind)
            with pytest.raises((ConnectionRefusedError, CurlError), match=f"{port}") as caught:
                await client.fetch(f"http://127.0.0.1:{port}/")
            del caught
            check_nothing_waits(client)
            client.close()

    run(main())


LARGE = b"x" * 20_000_000


@pytest.mark.parametrize("ends", [False, True], ids=["stays", "closes"])
@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("simple", "body"),
        ("simple", "producer"),
        ("simple", "expect"),
        ("curl", "body"),
        ("curl", "expect"),
    ],
)
def test_an_answer_that_comes_before_the_body_was_sent_is_the_answer(
    kind: str, how: str, ends: bool
) -> None:
    """A server may refuse a request by its head alone (RFC 9112, section 9.5)."""
    connection = b"Connection: close\r\n" if ends else b""
    early = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n" + connection + b"\r\nno"
    answered = threading.Event()

    def script(wire: Wire) -> None:
        wire.head()
        wire.send(early)
        if not ends:
            # One that reads may have got all of the body before the client looks at the answer.
            answered.wait(30)
            wire.hold()
        else:
            wire.sock.close()

    async def main() -> None:
        with FaultyPeer(script, reply(OK)) as peer:
            async with nothing_is_left():
                client = client_of(kind)
                url = f"http://127.0.0.1:{peer.port}/"
                options: dict[str, Any] = {"method": "PUT", "body": LARGE}
                if how == "expect":
                    options["expect_100_continue"] = True
                elif how == "producer":
                    del options["body"]

                    async def produce(write: Any) -> None:
                        for _ in range(2000):
                            await write(b"x" * 10_000)

                    options["body_producer"] = produce
                response = await client.fetch(url, raise_error=False, **options)
                answered.set()
                if response.code == 599:
                    # The reset that follows may throw the answer away: that is the other end's
                    # system, which has no place for what comes after the end.
                    assert ends
                    assert how != "expect"
                else:
                    assert (response.code, response.body) == (413, b"no")
                check_nothing_waits(client)
                if kind == "simple":
                    # A connection on which a request was not sent to its end is of no use.
                    assert client.statistics().open == 0  # type: ignore[attr-defined]
                    assert (await client.fetch(url)).body == b"ok"
                client.close()

    run(main())


@pytest.mark.parametrize("interim", [b"100 Continue", b"102 Processing", b"103 Early Hints"])
@pytest.mark.parametrize("count", [1, MAX_INFORMATIONAL])
@pytest.mark.parametrize("kind", ["simple", "curl"])
def test_interim_responses_nobody_asked_for_are_passed_over(
    kind: str, count: int, interim: bytes
) -> None:
    async def main() -> None:
        wire = (b"HTTP/1.1 " + interim + b"\r\nLink: </a>\r\n\r\n") * count
        with FaultyPeer(reply(wire + OK)) as peer:
            async with nothing_is_left():
                client = client_of(kind)
                response = await client.fetch(f"http://127.0.0.1:{peer.port}/")
                assert response.body == b"ok"
                assert "Link" not in response.headers
                client.close()

    run(main())


def test_a_server_that_is_slow_but_comes_to_an_end_is_waited_for() -> None:
    """A byte at a time, each in a packet of its own."""

    def slowly(wire: Wire) -> None:
        wire.head()
        for byte in OK:
            wire.send(bytes([byte]))
        wire.hold()

    async def main() -> None:
        with FaultyPeer(slowly) as peer:
            async with nothing_is_left():
                client = client_of("simple")
                assert (await client.fetch(f"http://127.0.0.1:{peer.port}/")).body == b"ok"
                check_nothing_waits(client)
                client.close()

    run(main())
