"""Signed values: Tornado's own bytes, tampering, ages, key versions; the cookies made of them."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.handlers import ask, request

from whirlwind import web
from whirlwind._web.signed_values import (
    _create_signature_v1,
    _create_signature_v2,
    _decode_fields_v2,
    create_signed_value,
    decode_signed_value,
    get_signature_key_version,
)

SECRET = "secret"
NOW = 1_300_000_000
DAY = 86_400

# Written by Tornado 6.6.1, with the arguments beside them and the clock at NOW.
TORNADO: list[tuple[dict[str, Any], str]] = [
    (
        {"secret": SECRET, "name": "k", "value": "v", "version": 1},
        "dg==|1300000000|a8dce351d02959b5361c9d72a2a2f764d438574c",
    ),
    (
        {"secret": SECRET, "name": "k\xe9y", "value": "v\xe9", "version": 1},
        "dsOp|1300000000|0d688fd651919e50d559c696b00c98e2e16f44f7",
    ),
    (
        {"secret": SECRET, "name": "k", "value": "v", "version": 2},
        "2|1:0|10:1300000000|1:k|4:dg==|{}".format(
            "38384b38ea5575e7208458f97d2fa18f5dc13d94aea24d0f0fc00f2c1ddb07a7"
        ),
    ),
    (
        {"secret": {0: "a", 1: "b"}, "name": "k", "value": "v", "key_version": 1},
        "2|1:1|10:1300000000|1:k|4:dg==|{}".format(
            "b8fc865acf1947485d05dc90b3a2074f3c266c06eee731039dc7118d4d2f1a99"
        ),
    ),
    (
        {"secret": SECRET, "name": "k", "value": "v", "key_version": 3},
        "2|1:3|10:1300000000|1:k|4:dg==|{}".format(
            "bd55eb1a2f56cc12e0a9479d29a754725fbf4c9fc2bb957522ccce9f106c93d1"
        ),
    ),
]


def at(seconds: float) -> Callable[[], float]:
    return lambda: seconds


def decode(value: str | bytes | None, name: str = "k", later: float = 0, **more: Any) -> Any:
    return decode_signed_value(
        more.pop("secret", SECRET), name, value, clock=at(NOW + later), **more
    )


def signed_v2(*fields: bytes, secret: str = SECRET) -> bytes:
    """Sign fields of a value of format 2, whatever they say."""
    signed = b"2|" + b"".join(b"%d:%b|" % (len(field), field) for field in fields)
    return signed + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()


def signed_v1(value: bytes, stamp: bytes, name: bytes = b"k") -> bytes:
    """Sign a value and a timestamp of format 1, whatever they say."""
    signature = hmac.new(SECRET.encode(), name + value + stamp, hashlib.sha1)
    return b"|".join([value, stamp, signature.hexdigest().encode()])


@pytest.mark.parametrize(("arguments", "wire"), TORNADO)
def test_values_are_tornados_byte_for_byte(arguments: dict[str, Any], wire: str) -> None:
    assert create_signed_value(**arguments, clock=at(NOW + 0.9)) == wire.encode()
    for sent in (wire, wire.encode()):
        read = decode_signed_value(arguments["secret"], arguments["name"], sent, clock=at(NOW))
        value = arguments["value"]
        assert read == (value if isinstance(value, bytes) else value.encode())


@pytest.mark.parametrize("version", [1, 2])
def test_a_name_may_have_letters_of_several_bytes(version: int) -> None:
    """Tornado counts a name's characters and cannot read its own value then."""
    wire = create_signed_value(SECRET, "k\xe9y", "v", version=version, clock=at(NOW))
    assert decode(wire, name="k\xe9y") == b"v"


@pytest.mark.parametrize("version", [1, 2])
def test_any_bytes_come_back(version: int) -> None:
    value = bytes(range(256))
    wire = create_signed_value(SECRET, "k", value, version=version, clock=at(NOW))
    assert decode(wire) == value
    assert set(wire).isdisjoint(b'"; ,\\')  # it fits a cookie as it is


def test_the_clock_is_the_systems_unless_another_is_given() -> None:
    wire = create_signed_value(SECRET, "k", "v")
    stamp = int(_decode_fields_v2(wire)[1])
    assert abs(stamp - time.time()) < 600
    assert decode_signed_value(SECRET, "k", wire) == b"v"


@pytest.mark.parametrize("version", [1, 2])
def test_rule_13_every_changed_or_missing_byte_makes_it_nothing(
    version: int, logs: LogWatch
) -> None:
    wire = create_signed_value(SECRET, "k", "value", version=version, clock=at(NOW))
    for place in range(len(wire)):
        for other in {wire[place] ^ 1, ord("0"), ord("|"), ord(":")} - {wire[place]}:
            assert decode(wire[:place] + bytes([other]) + wire[place + 1 :]) is None
        assert decode(wire[:place]) is None
        assert decode(wire[:place] + wire[place + 1 :]) is None
    logs.records.clear()  # one warning at most for each, looked at below


@pytest.mark.parametrize("version", [1, 2])
def test_rule_13_a_value_is_bound_to_its_name(version: int, logs: LogWatch) -> None:
    wire = create_signed_value(SECRET, "user", "bob", version=version, clock=at(NOW))
    for name in ("use", "userb", "", "USER", "other"):
        assert decode(wire, name=name) is None
    logs.records.clear()
    assert decode(wire, name="user") == b"bob"


def test_rule_13_bytes_do_not_move_between_name_and_value_of_format_2() -> None:
    """The advisory of 3.2.1: a value moved to a name that is a prefix of its own."""
    wire = create_signed_value(SECRET, "user", "Ym9i", clock=at(NOW))
    for moved in (wire.replace(b"4:user", b"3:use"), wire.replace(b"4:user", b"5:userW")):
        assert decode(moved, name="use") is None
        assert decode(moved, name="userW") is None


def test_digits_moved_from_value_to_timestamp_of_format_1_are_seen(logs: LogWatch) -> None:
    """The signature of format 1 fits still; the time says that something is wrong."""
    value = signed_v1(b"AAAA1234", b"1300000000")
    moved = value.replace(b"1234|1300000000", b"|12341300000000")
    with logs.expect("whirlwind.general", "timestamp in future; possible tampering"):
        assert decode(moved) is None
    value = signed_v1(b"AAAA0000", b"1300000000")
    moved = value.replace(b"0000|1300000000", b"|00001300000000")
    with logs.expect("whirlwind.general", "Tampered cookie"):
        assert decode(moved) is None


@pytest.mark.parametrize("version", [1, 2])
def test_a_value_ends_with_its_age(version: int, logs: LogWatch) -> None:
    wire = create_signed_value(SECRET, "k", "v", version=version, clock=at(NOW))
    assert decode(wire, later=31 * DAY) == b"v"
    assert decode(wire, later=31 * DAY + 1, max_age_days=32) == b"v"
    if version == 1:
        with logs.expect("whirlwind.general", "Expired cookie"):
            assert decode(wire, later=31 * DAY + 1) is None
    else:
        assert decode(wire, later=31 * DAY + 1) is None
        assert decode(wire, later=DAY / 2 + 1, max_age_days=0.5) is None


def test_a_clock_of_another_machine_may_be_a_month_ahead(logs: LogWatch) -> None:
    wire = create_signed_value(SECRET, "k", "v", version=1, clock=at(NOW))
    assert decode(wire, later=-31 * DAY) == b"v"
    with logs.expect("whirlwind.general", "in future"):
        assert decode(wire, later=-31 * DAY - 1) is None
    wire = create_signed_value(SECRET, "k", "v", version=2, clock=at(NOW))
    assert decode(wire, later=-365 * DAY) == b"v"


@pytest.mark.parametrize(
    "stamp", [b"", b"x", b"+1300000000", b" 1300000000", b"1_300_000_000", b"1.3e9", b"9" * 5000]
)
def test_a_timestamp_that_int_would_forgive_is_none_of_ours(stamp: bytes) -> None:
    assert decode(signed_v2(b"0", stamp, b"k", b"dg==")) is None
    assert decode(signed_v1(b"dg==", stamp)) is None


@pytest.mark.parametrize("length", [b"+1", b" 1", b"1_0", b"-1", b"0x1", b"", b"9" * 5000])
def test_a_length_that_int_would_forgive_is_none_of_ours(length: bytes) -> None:
    signed = b"2|" + length + b":0000000000|10:1300000000|1:k|4:dg==|"
    wire = signed + _create_signature_v2(SECRET, signed)
    assert decode(wire) is None
    assert get_signature_key_version(wire) is None


GARBAGE: list[str | bytes | None] = [
    None,
    "",
    b"",
    "|",
    "2|",
    "2||||||",
    "2|1:0|",
    "2|1:x|10:1300000000|1:k|4:dg==|0",
    "2|1:0|10:1300000000|1:k|4:dg==|",
    "2|0:|0:|0:|0:|",
    "1|x",
    "3|1:0|10:1300000000|1:k|4:dg==|x",
    "999|",
    "1000|",
    "9" * 5000 + "|",
    "2|" + "9" * 5000 + ":",
    "2|5000:" + "9" * 5000 + "|1:1|1:1|1:1|",
    "\udc80|\udc80|\udc80",
    b"\xff\xfe",
    b"\x00" * 100,
]


@pytest.mark.parametrize("value", GARBAGE)
def test_garbage_is_no_value_and_no_error(value: str | bytes | None) -> None:
    assert decode(value) is None
    assert decode(value, secret={0: SECRET}) is None
    assert value is None or get_signature_key_version(value) in (None, 0)


@pytest.mark.parametrize(
    "value", ["||", "a|b|c", "\xe9|\xe9|\xe9", "2|1:0".replace("2", "0") + "|"]
)
def test_rule_16_a_signature_that_does_not_fit_is_one_short_log_line(
    value: str, logs: LogWatch
) -> None:
    with logs.expect("whirlwind.general", "^Invalid cookie signature b'"):
        assert decode(value) is None
    with logs.expect("whirlwind.general", "^Invalid cookie signature b'.{40,60}'$"):
        assert decode("a" * 100_000 + "|b|c") is None


def test_the_oldest_format_to_accept_can_be_chosen() -> None:
    v1, v2 = (create_signed_value(SECRET, "k", "v", version=n, clock=at(NOW)) for n in (1, 2))
    assert [decode(v1, min_version=n) for n in (0, 1, 2)] == [b"v", b"v", None]
    assert [decode(v2, min_version=n) for n in (0, 1, 2)] == [b"v", b"v", b"v"]
    with pytest.raises(ValueError, match="Unsupported min_version 3"):
        decode(v2, min_version=3)
    for version in (0, 3):
        with pytest.raises(ValueError, match=f"Unsupported version {version}"):
            create_signed_value(SECRET, "k", "v", version=version)


def test_keys_are_rotated_by_version() -> None:
    old, new = {0: "a", 1: "b"}, {1: "b", 2: "c"}
    signed = [create_signed_value(old, "k", "v", key_version=n, clock=at(NOW)) for n in (0, 1)]
    assert [get_signature_key_version(wire) for wire in signed] == [0, 1]
    assert [decode(wire, secret=old) for wire in signed] == [b"v", b"v"]
    assert [decode(wire, secret=new) for wire in signed] == [None, b"v"]
    assert decode(signed[1], secret={1: "another"}) is None
    # The first of several secrets may have signed alone before there were several.
    alone = create_signed_value("a", "k", "v", clock=at(NOW))
    assert decode(alone, secret=old) == b"v"
    with pytest.raises(AssertionError, match="Key version must be set"):
        create_signed_value(old, "k", "v")
    with pytest.raises(AssertionError, match="version 2"):
        create_signed_value(old, "k", "v", version=1, key_version=1)
    with pytest.raises(KeyError):
        create_signed_value(old, "k", "v", key_version=7)


def test_a_value_of_format_1_is_nothing_where_keys_have_versions() -> None:
    wire = create_signed_value("a", "k", "v", version=1, clock=at(NOW))
    assert decode(wire, secret={0: "a"}) is None
    assert get_signature_key_version(wire) is None


def test_rule_13_signatures_are_compared_in_constant_time(
    monkeypatch: pytest.MonkeyPatch, logs: LogWatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []
    compare = hmac.compare_digest

    def watched(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return compare(a, b)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    v1, v2 = (create_signed_value(SECRET, "k", "v", version=n, clock=at(NOW)) for n in (1, 2))
    for wire in (v1, v2):
        compared.clear()
        assert decode(wire[:-1] + b"x") is None
        [(given, expected)] = compared
        assert given[:-1] == expected[:-1]
    logs.records.clear()
    assert _create_signature_v1(SECRET, b"k", b"dg==", b"1300000000") == v1[-40:]


def test_rule_6_ten_times_the_bytes_take_ten_times_the_steps(logs: LogWatch) -> None:
    """Counted in bytes that are hashed and copied: each is looked at a fixed number of times."""
    import tracemalloc

    def peak(size: int) -> int:
        wires = [
            b"2|" + b"1:0|" * size,
            b"2|1:0|10:1300000000|1:k|%d:%b|sig" % (4 * size, b"aaaa" * size),
            b"|" * 4 * size,
            b"a" * 4 * size + b"|1|x",
            b"2|" + b"9" * 4 * size,
        ]
        tracemalloc.start()
        for wire in wires:
            assert decode(wire) is None
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1000)
    small, large = peak(10_000), peak(100_000)
    assert large < 11 * small
    logs.records.clear()


# --- cookies ---


class Signer(web.RequestHandler):
    """Signs with PUT what the query says, and reads it back with GET."""

    def put(self) -> None:
        version = self.get_argument("version", None)
        self.set_signed_cookie(
            "token",
            self.get_argument("value"),
            version=int(version) if version else None,
            httponly=True,
        )

    def get(self) -> None:
        value = self.get_signed_cookie("token")
        self.write(
            {
                "value": None if value is None else value.decode(),
                "key": self.get_signed_cookie_key_version("token"),
                "passed": repr(
                    self.get_signed_cookie("token", self.create_signed_value("token", "x"))
                ),
                "other": repr(
                    self.get_signed_cookie("other", self.create_signed_value("token", "x"))
                ),
            }
        )


def cookie_of(version: str = "", **settings: Any) -> str:
    [answer] = ask(Signer, request(f"/?value=a%3Bb&version={version}", method="PUT"), **settings)
    [cookie] = answer.cookies()
    pair, _, attributes = cookie.partition("; ")
    assert "HttpOnly" in attributes
    assert "expires=" in attributes
    return pair


@pytest.mark.parametrize("version", ["", "1", "2"])
def test_a_signed_cookie_comes_back(version: str) -> None:
    cookie = cookie_of(version, cookie_secret=SECRET)
    [answer] = ask(Signer, request("/", f"Cookie: {cookie}"), cookie_secret=SECRET)
    key = "null" if version == "1" else "0"
    assert answer.body.decode() == (
        f'{{"value": "a;b", "key": {key}, "passed": "b\'x\'", "other": "None"}}'
    )


def test_signed_cookies_know_key_versions() -> None:
    cookie = cookie_of(cookie_secret={0: "a", 1: "b"}, key_version=1)
    for secrets, wanted in (
        ({1: "b", 2: "c"}, b'"value": "a;b", "key": 1'),
        ({2: "c"}, b'"value": null, "key": 1'),
    ):
        [answer] = ask(
            Signer, request("/", f"Cookie: {cookie}"), cookie_secret=secrets, key_version=2
        )
        assert wanted in answer.body


def test_a_cookie_of_format_1_is_no_error_where_keys_have_versions() -> None:
    cookie = cookie_of("1", cookie_secret="a")
    [answer] = ask(Signer, request("/", f"Cookie: {cookie}"), cookie_secret={0: "a"}, key_version=0)
    assert (answer.status, answer.body[:14]) == (200, b'{"value": null')


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "define the 'cookie_secret' setting"),
        ({"cookie_secret": {0: "a"}}, "key_version setting must be used"),
    ],
)
def test_a_setting_that_is_missing_is_said(
    settings: dict[str, Any], message: str, logs: LogWatch
) -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            with pytest.raises(Exception, match=message):
                self.set_signed_cookie("a", "b")
            self.write("done")

    assert ask(Handler, request("/"), **settings)[0].body == b"done"


def test_the_names_until_tornado_6_3_are_the_same_methods() -> None:
    kind = web.RequestHandler
    assert kind.set_secure_cookie is kind.set_signed_cookie
    assert kind.get_secure_cookie is kind.get_signed_cookie
    assert kind.get_secure_cookie_key_version is kind.get_signed_cookie_key_version
