"""What a provider of OpenID 2 says, and what is believed of it."""

from __future__ import annotations

import pytest

from whirlwind._web.auth.assertion import attribute_request, check_return, is_confirmed, user_of
from whirlwind._web.auth.errors import AuthError

AX = "http://openid.net/srv/ax/1.0"


@pytest.mark.parametrize(
    "body", [b"is_valid:true", b"is_valid:true\n", b"ns:http://specs.openid.net\nis_valid:true\n"]
)
def test_a_confirmation_is_one_line(body: bytes) -> None:
    assert is_confirmed(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"is_valid:false\n",
        b"is_valid:true\nis_valid:false\n",
        b"not_is_valid:true\n",
        b"x is_valid:true\n",
        b" is_valid:true\n",
        b"is_valid: true\n",
        b"is_valid:true \n",
        b"is_valid:truely\n",
        b"is_valid:true\r\n",
        b"IS_VALID:true\n",
        b"is_valid\n",
        b"error:is_valid:true\n",
    ],
)
def test_tornado_6_5_6_check_authentication_is_parsed_by_the_exact_key(body: bytes) -> None:
    assert not is_confirmed(body)


def test_attributes_are_asked_for_by_their_types() -> None:
    assert attribute_request(["email"]) == {
        "openid.ns.ax": AX,
        "openid.ax.mode": "fetch_request",
        "openid.ax.type.email": "http://axschema.org/contact/email",
        "openid.ax.required": "email",
    }
    whole = attribute_request(["name", "email", "language", "username"])
    assert whole["openid.ax.required"] == "firstname,fullname,lastname,email,language,username"
    assert attribute_request([]) == {}


def test_an_attribute_that_is_not_known_is_refused() -> None:
    with pytest.raises(AuthError, match=r"unknown attributes \['phone'\]: expected name"):
        attribute_request(["email", "phone"])


def attributes(**given: str) -> dict[str, str]:
    """An answer with attributes, under names that only this provider uses."""
    types = {
        "first": "namePerson/first",
        "last": "namePerson/last",
        "full": "namePerson",
        "email": "contact/email",
        "locale": "pref/language",
        "nick": "namePerson/friendly",
    }
    arguments = {"openid.ns.ext1": AX}
    for number, (name, value) in enumerate(given.items()):
        arguments[f"openid.ext1.type.a{number}"] = f"http://axschema.org/{types[name]}"
        arguments[f"openid.ext1.value.a{number}"] = value
    return arguments


@pytest.mark.parametrize(
    ("arguments", "user"),
    [
        ({}, {}),
        (
            attributes(first="A", last="B", full="Other", email="a@b"),
            {"first_name": "A", "last_name": "B", "name": "A B", "email": "a@b"},
        ),
        (attributes(first="A"), {"first_name": "A", "name": "A"}),
        (attributes(full="A B", email="x@y"), {"name": "A B", "email": "x@y"}),
        (attributes(email="x@y"), {"name": "x", "email": "x@y"}),
        (attributes(locale="en", nick="n"), {"locale": "en", "username": "n"}),
        ({"openid.claimed_id": "http://me"}, {"claimed_id": "http://me"}),
    ],
)
def test_the_user_is_made_of_what_there_is(arguments: dict[str, str], user: dict[str, str]) -> None:
    assert user_of(arguments) == user


def test_the_first_of_several_values_counts() -> None:
    arguments = attributes(email="")
    arguments["openid.ext1.value.a0.1"] = "one@b"
    assert user_of(arguments)["email"] == "one@b"


def test_what_the_provider_did_not_sign_does_not_count() -> None:
    arguments = attributes(email="victim@b") | {"openid.claimed_id": "http://me"}
    arguments["openid.signed"] = "mode,claimed_id,ns.ext1,ext1.type.a0"
    assert user_of(arguments) == {"claimed_id": "http://me"}
    arguments["openid.signed"] += ",ext1.value.a0"
    assert user_of(arguments)["email"] == "victim@b"


@pytest.mark.parametrize("mode", ["cancel", "setup_needed", "error"])
def test_an_answer_without_a_user_is_refused(mode: str) -> None:
    with pytest.raises(AuthError, match=f"answered '{mode}'"):
        check_return({"openid.mode": mode}, "http://here/login", place=True)


@pytest.mark.parametrize(
    "meant", ["http://evil/login", "http://here/other", "http://here:81/login"]
)
def test_an_answer_made_for_another_site_is_refused(meant: str) -> None:
    arguments = {"openid.mode": "id_res", "openid.return_to": meant}
    with pytest.raises(AuthError, match="OpenID response is for"):
        check_return(arguments, "http://here/login?x=1", place=True)
    check_return(arguments, "http://here/login?x=1", place=False)


@pytest.mark.parametrize("meant", ["http://here/login?x=1", "https://HERE/login"])
def test_an_answer_made_for_this_place_is_taken(meant: str) -> None:
    arguments = {"openid.mode": "id_res", "openid.return_to": meant}
    check_return(arguments, "http://here/login?openid.mode=id_res", place=True)
