"""SOCKS handshakes, against examples worked out from RFC 1928 and 1929: each byte counts."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from whirlwind._base.errors import LocalProtocolError, RemoteProtocolError
from whirlwind._proto.socks.handshake import Socks4Handshake, Socks5Handshake, SocksHandshake


def talk(handshake: SocksHandshake, answers: Iterable[bytes]) -> list[bytes]:
    """Feed answers as the handshake wants them; what it sends, one item for each answer."""
    wire = b"".join(answers)
    sent = [handshake.begin()]
    while not handshake.done:
        assert 0 < handshake.wants <= len(wire)
        data, wire = wire[: handshake.wants], wire[handshake.wants :]
        sent.append(handshake.feed(data))
    assert wire == b""
    assert handshake.wants == 0
    return [data for data in sent if data]


@pytest.mark.parametrize(
    ("host", "wire"),
    [
        pytest.param("10.0.0.1", "01 0a000001", id="IPv4"),
        pytest.param("::1", "04" + "00" * 15 + "01", id="IPv6"),
        pytest.param("name", "03 04 6e616d65", id="name"),
    ],
)
@pytest.mark.parametrize(
    "bound", ["01 00000000 0000", "03 02 6162 1234", "03 00 0000", "04" + "00" * 16 + "0001"]
)
def test_version_5_without_a_name(host: str, wire: str, bound: str) -> None:
    handshake = Socks5Handshake(host, 443)
    sent = talk(handshake, [bytes.fromhex("0500"), bytes.fromhex("050000" + bound)])
    assert sent == [bytes.fromhex("050100"), bytes.fromhex(f"050100 {wire} 01bb")]


def test_version_5_with_name_and_password() -> None:
    handshake = Socks5Handshake("h", 1, "ann", "w\xf6rd")
    answers = [bytes.fromhex(part) for part in ("0502", "0100", "050000 01 00000000 0000")]
    assert talk(handshake, answers) == [
        bytes.fromhex("05020002"),
        b"\x01\x03ann\x05w\xc3\xb6rd",
        bytes.fromhex("050100 0301 68 0001"),
    ]


def test_version_5_need_not_be_told_who_asks() -> None:
    handshake = Socks5Handshake("h", 1, "ann", "word")
    sent = talk(handshake, [bytes.fromhex("0500"), bytes.fromhex("050000 01 00000000 0000")])
    assert not any(b"word" in data for data in sent)


@pytest.mark.parametrize(
    ("account", "answers", "what"),
    [
        (False, ["05ff"], "wants a name and a password"),
        (True, ["05ff"], "another kind of authentication"),
        (False, ["0502"], "authentication 2, which was not offered"),
        (True, ["0501"], "authentication 1, which was not offered"),
        (False, ["4854"], "begins with 72, not 5: no SOCKS"),
        (True, ["0502", "0101"], "refuses name and password"),
        (False, ["0500", "0502000100"], "no connection: not allowed by its rules"),
        (False, ["0500", "0505000100"], "no connection: connection refused"),
        (False, ["0500", "0563000100"], "no connection: code 99"),
        (False, ["0500", "0400000100"], "begins with 4, not 5"),
        (False, ["0500", "0500000200"], "unknown kind 2"),
    ],
)
def test_version_5_refused(account: bool, answers: list[str], what: str) -> None:
    handshake = Socks5Handshake("h", 1, "ann" if account else None)
    *before, last = [bytes.fromhex(answer) for answer in answers]
    handshake.begin()
    for answer in before:
        handshake.feed(answer)
    with pytest.raises(RemoteProtocolError, match=what):
        handshake.feed(last)
    assert not handshake.done


@pytest.mark.parametrize(
    ("host", "user", "wire"),
    [
        ("10.0.0.1", None, "0401 0050 0a000001 00"),
        ("10.0.0.1", "ann", "0401 0050 0a000001 616e6e 00"),
        ("name", "ann", "0401 0050 00000001 616e6e 00 6e616d65 00"),
    ],
)
def test_version_4_and_4a(host: str, user: str | None, wire: str) -> None:
    sent = talk(Socks4Handshake(host, 80, user), [bytes.fromhex("005a 0000 00000000")])
    assert sent == [bytes.fromhex(wire)]


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ("005b000000000000", "rejected or failed"),
        ("005c000000000000", "identd"),
        ("0063000000000000", "code 99"),
        ("485454502f312e31", "begins with 72"),
    ],
)
def test_version_4_refused(answer: str, what: str) -> None:
    handshake = Socks4Handshake("h", 1)
    handshake.begin()
    with pytest.raises(RemoteProtocolError, match=what):
        handshake.feed(bytes.fromhex(answer))


def test_rule_1_what_cannot_be_written_is_refused_before_anything_is_sent() -> None:
    for name, word, host in (("n" * 256, "", "h"), ("n", "w" * 256, "h"), ("n", "", "h" * 256)):
        with pytest.raises(LocalProtocolError, match="255"):
            Socks5Handshake(host, 1, name, word)
    Socks5Handshake("h" * 255, 1, "n" * 255, "w" * 255)
    for host, user in (("::1", None), ("h", "a\0b"), ("h", "n" * 256), ("h" * 256, None)):
        with pytest.raises(LocalProtocolError):
            Socks4Handshake(host, 1, user)


def test_more_or_less_than_it_wants_is_a_mistake_of_the_caller() -> None:
    for handshake in (Socks5Handshake("h", 1), Socks4Handshake("h", 1)):
        for size in (handshake.wants - 1, handshake.wants + 1):
            with pytest.raises(ValueError, match="are wanted"):
                handshake.feed(bytes(size))
