"""Settings: defaults, and what is shared."""

from __future__ import annotations

from whirlwind._base.limits import BODY_CHUNK_SIZE, MAX_HEADER_SIZE
from whirlwind._http.stream_connection.parameters import HTTP1ConnectionParameters


def test_what_is_not_given_has_its_default() -> None:
    params = HTTP1ConnectionParameters()
    assert vars(params) == {
        "no_keep_alive": False,
        "chunk_size": BODY_CHUNK_SIZE,
        "max_header_size": MAX_HEADER_SIZE,
        "header_timeout": None,
        "max_body_size": None,
        "body_timeout": None,
        "decompress": False,
    }


def test_settings_are_taken_in_tornados_order() -> None:
    params = HTTP1ConnectionParameters(True, 1, 2, 3, 4, 5, True)
    assert list(vars(params).values()) == [True, 1, 2, 3, 4, 5, True]


def test_connections_of_the_same_settings_share_what_they_remember() -> None:
    params = HTTP1ConnectionParameters()
    assert params.heads is params.heads
    assert params.heads is not HTTP1ConnectionParameters().heads
