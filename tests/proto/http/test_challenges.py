"""Challenges: examples of RFC 9110, what breaks the grammar, and how long it takes."""

from __future__ import annotations

import pytest
from tests.support.work import cpu_limit

from whirlwind._proto.http.challenges import Challenge, parse_challenges


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("Negotiate", [("negotiate", {})], id="scheme alone"),
        pytest.param('Basic realm="a, b"', [("basic", {"realm": "a, b"})], id="comma in quotes"),
        pytest.param(
            'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
            [
                ("basic", {"realm": "simple"}),
                ("newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
            ],
            id="RFC 9110, section 11.6.1",
        ),
        pytest.param(
            "Negotiate YII+/==, Digest Realm = x ,, nonce=y",
            [("negotiate", {}), ("digest", {"realm": "x", "nonce": "y"})],
            id="opaque text, spaces, empty elements",
        ),
        pytest.param("Negotiate, NTLM", [("negotiate", {}), ("ntlm", {})], id="two without words"),
    ],
)
def test_challenges_are_told_from_their_parameters(
    value: str, expected: list[tuple[str, dict[str, str]]]
) -> None:
    assert parse_challenges(value) == [Challenge(*one) for one in expected]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param('realm="x"', id="parameter first"),
        pytest.param('Digest realm="x', id="open quote"),
        pytest.param("Digest realm=x, realm=y", id="parameter twice"),
        pytest.param("Digest realm x", id="no equals sign"),
        pytest.param("Digest (x)", id="no token"),
        pytest.param("Digest@", id="other character"),
    ],
)
def test_reading_ends_where_the_grammar_does(broken: str) -> None:
    assert parse_challenges(broken) == []
    if broken.startswith("Digest"):
        expected = [Challenge("basic", {"realm": "a"})]
        assert parse_challenges(f"Basic realm=a, {broken}") == expected


@pytest.mark.parametrize("piece", ["a", '"', "\\", "a=", ' "', "a ", ",", '\\"', "a,", "a=b,"])
def test_rule_6_time_is_linear_in_the_text(piece: str) -> None:
    with cpu_limit():
        parse_challenges('Digest realm="' + piece * 1_000_000)
        parse_challenges("Digest " + piece * 1_000_000)
