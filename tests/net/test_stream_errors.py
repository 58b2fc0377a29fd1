"""The errors of streams: what they carry, and whether they travel."""

from __future__ import annotations

import copy
import errno
import pickle

import pytest

from whirlwind.iostream import StreamBufferFullError, StreamClosedError, UnsatisfiableReadError


@pytest.mark.parametrize("how", ["pickle", "copy"])
@pytest.mark.parametrize("reason", [None, OSError(errno.EIO, "broken"), ValueError("why")])
def test_a_closed_stream_s_error_goes_to_other_processes_with_its_reason(
    reason: Exception | None, how: str
) -> None:
    error = StreamClosedError(reason)
    error.host = "there"  # type: ignore[attr-defined]
    other = pickle.loads(pickle.dumps(error)) if how == "pickle" else copy.copy(error)
    assert type(other) is StreamClosedError
    assert str(other) == "Stream is closed"
    assert other.args == error.args
    assert repr(other.real_error) == repr(reason)
    assert other.__cause__ is other.real_error
    assert vars(other)["host"] == "there"


class Unreachable(StreamClosedError):
    def __init__(self, host: str) -> None:
        super().__init__(ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
        self.host = host


def test_so_do_errors_derived_from_it_that_take_other_arguments() -> None:
    other = pickle.loads(pickle.dumps(Unreachable("there")))
    assert isinstance(other, Unreachable)
    assert other.host == "there"
    assert isinstance(other.real_error, ConnectionRefusedError)


@pytest.mark.parametrize("kind", [UnsatisfiableReadError, StreamBufferFullError])
def test_the_others_are_plain_exceptions(kind: type[Exception]) -> None:
    other = pickle.loads(pickle.dumps(kind("why")))
    assert type(other) is kind
    assert other.args == ("why",)
