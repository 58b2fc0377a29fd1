"""What a server sends back that a client acts on: where to go next, and cookies."""

from __future__ import annotations

from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.effort import effort

from whirlwind._base.errors import WhirlwindError
from whirlwind._http.client.redirects import is_same_origin, redirected_headers, redirected_url
from whirlwind._http.client.request_head import encode_head
from whirlwind._http.client.target import Target, parse_target
from whirlwind._proto.http.headers import HTTPHeaders, fields_from_wire

PIECES = [
    *[
        "http:",
        "https:",
        "HTTP:",
        "ftp:",
        "javascript:",
        "//",
        "/",
        "/",
        "\\",
        "\\\\",
        "@",
        ":",
        "?",
    ],
    *[
        "#",
        "%",
        "%2f",
        "%00",
        "..",
        ".",
        ";",
        "&",
        "=",
        " ",
        "\t",
        "\xe4",
        "\u3002",
        "\uff0f",
        "[",
        "]",
    ],
    *["::1", "127.0.0.1", "h", "h.test", "evil.test", "evil.test:80", "user:pass@", ":80", ":443"],
    *[":99999", ":-1", ":", "a", "b", "a/b", "\x00", "\r\n", "\n", "\x7f", "\xff", "\u2028"],
]
locations = st.one_of(st.lists(st.sampled_from(PIECES), max_size=10).map("".join), st.text())
ASKED = "https://h.test/dir/page?query#part"


def target_of(location: str) -> Target | None:
    """Where a redirect leads; None where it is refused."""
    try:
        return parse_target(redirected_url(ASKED, HTTPHeaders({"Location": location})))
    except (ValueError, WhirlwindError):  # the second: no value of a field at all
        return None


@effort
@given(locations)
def test_where_a_redirect_leads_is_one_host_or_the_redirect_is_refused(location: str) -> None:
    target = target_of(location)
    if target is None:
        return
    assert target.scheme in ("http", "https")
    assert target.host
    assert 0 <= target.port < 65536
    # What is connected to is what is asked for, and what a plain reader of the URL sees.
    assert target.host.lower() == (urlsplit("//" + target.authority).hostname or "").lower()
    assert not set(target.host) & set("/\\@?# \t\r\n\0")
    assert not set(target.authority) & set("/\\@?# \t\r\n\0")
    assert target.path.startswith("/")
    assert target.path.isascii()
    head = encode_head(
        target,
        "GET",
        HTTPHeaders(),
        {},
        body=None,
        chunked=False,
        user_agent="test",
    )
    lines = head.split(b"\r\n")
    assert lines[0] == f"GET {target.path} HTTP/1.1".encode()
    assert len(lines[0].split(b" ")) == 3
    assert lines.count(f"Host: {target.authority}".encode()) == 1
    assert lines[-2:] == [b"", b""]
    assert b"\r" not in head.replace(b"\r\n", b"")
    assert b"\n" not in head.replace(b"\r\n", b"")


@effort
@given(locations)
def test_rule_09_credentials_go_to_the_origin_that_they_are_for_and_to_no_other(
    location: str,
) -> None:
    target = target_of(location)
    if target is None:
        return
    asked = parse_target(ASKED)
    same = is_same_origin(asked, target)
    assert same == ((target.scheme, target.host.lower(), target.port) == ("https", "h.test", 443))
    secrets = {"Authorization": "a", "Cookie": "b", "Proxy-Authorization": "c", "Cookie2": "d"}
    kept = redirected_headers(
        HTTPHeaders({**secrets, "X": "y", "Host": "h.test"}), body_dropped=False, same_origin=same
    )
    assert kept is not None
    assert kept["X"] == "y"
    assert "Host" not in kept
    assert all((name in kept) == same for name in secrets)


@effort
@given(
    st.lists(
        st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=30).map(
            lambda text: text.strip(" ")
        ),
        max_size=6,
    )
)
def test_cookies_that_a_server_sets_stay_one_by_one(values: list[str]) -> None:
    """A date in one of them has a comma: joined they could not be told apart."""
    wire = [(b"set-cookie", value.encode("latin-1")) for value in values]
    headers = fields_from_wire([(b"X", b"y"), *wire])
    assert headers.get_list("Set-Cookie") == values
    assert [value for name, value in headers.get_all() if name == "Set-Cookie"] == values
