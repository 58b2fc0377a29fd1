"""Status codes."""

from __future__ import annotations

from whirlwind._proto.http.status import has_no_body, responses


def test_status_codes_have_names_and_some_have_no_body() -> None:
    assert responses[200] == "OK"
    assert responses[404] == "Not Found"
    assert [code for code in (100, 199, 200, 204, 206, 304, 404) if has_no_body(code)] == [
        100,
        199,
        204,
        304,
    ]
