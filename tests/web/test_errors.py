"""The errors of handlers: what they say, and what is left of them in a copy."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from whirlwind.web import Finish, HTTPError, MissingArgumentError


@pytest.mark.parametrize(
    ("error", "text", "message"),
    [
        (HTTPError(), "HTTP 500: Internal Server Error", None),
        (HTTPError(404), "HTTP 404: Not Found", None),
        (HTTPError(499), "HTTP 499: Unknown", None),
        (HTTPError(404, "for %s", "a"), "HTTP 404: Not Found (for a)", "for a"),
        (HTTPError(404, "100%"), "HTTP 404: Not Found (100%)", "100%"),
        (HTTPError(404, "%s", reason="Gone"), "HTTP 404: Gone (%s)", "%s"),
        (MissingArgumentError("q"), "HTTP 400: Bad Request (Missing argument q)", None),
    ],
)
def test_an_error_says_its_status_reason_and_message(
    error: HTTPError, text: str, message: str | None
) -> None:
    assert str(error) == text
    if not isinstance(error, MissingArgumentError):
        assert error.get_message() == message


def test_a_message_can_be_formatted_as_tornado_4_did() -> None:
    for error in (HTTPError(400, "100%"), HTTPError(400, "100%% of %s", "a")):
        assert error.log_message is not None
        assert error.log_message % error.args == error.get_message()


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))]
)
def test_a_copy_of_an_error_is_whole(again: Callable[[Any], Any]) -> None:
    """Errors come out of process pools as copies."""

    error = again(HTTPError(404, "for %s", "a", reason="Gone"))
    assert (error.status_code, error.reason, error.args) == (404, "Gone", ("a",))
    assert str(error) == "HTTP 404: Gone (for a)"
    missing = again(MissingArgumentError("q"))
    assert (missing.arg_name, missing.status_code) == ("q", 400)
    assert again(Finish("a", 1)).args == ("a", 1)


class Refused(HTTPError):
    def __init__(self, who: str, *, why: str) -> None:
        super().__init__(403, "%s: %s", who, why)
        self.why = why


def test_a_copy_needs_no_constructor_of_a_certain_kind() -> None:
    error = copy.copy(Refused("ada", why="late"))
    assert type(error) is Refused
    assert (str(error), error.why) == ("HTTP 403: Forbidden (ada: late)", "late")
