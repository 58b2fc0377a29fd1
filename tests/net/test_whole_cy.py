"""Memory that is filled where it is handed on, in both forms of the kernel."""

from __future__ import annotations

import tracemalloc
from types import ModuleType

import pytest
from tests.support.kernels import both_forms


@pytest.fixture(params=both_forms("whirlwind._net.whole_cy"))
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    form: ModuleType = request.param
    return form


@pytest.mark.parametrize("size", [1, 2, 100_000])
def test_what_was_filled_comes_out(kernel: ModuleType, size: int) -> None:
    whole = kernel.Whole(size)
    data = bytes(range(256)) * (size // 256 + 1)
    view = whole.view()
    assert len(view) == size
    view[:] = data[:size]
    view.release()
    taken = whole.finish()
    assert type(taken) is bytes
    assert taken == data[:size]


def test_a_view_that_somebody_kept_is_memory_still(kernel: ModuleType) -> None:
    whole = kernel.Whole(5)
    view = whole.view()
    view[:] = b"hello"
    part = view[1:3]
    view.release()
    whole.finish()
    del whole
    assert bytes(part) == b"el"


@pytest.mark.parametrize("size", [0, -1])
def test_there_is_no_memory_of_no_bytes(kernel: ModuleType, size: int) -> None:
    with pytest.raises(ValueError, match="size of 1 or more"):
        kernel.Whole(size)


def test_compiled_the_memory_is_taken_once(kernel: ModuleType) -> None:
    size = 10_000_000
    tracemalloc.start()
    try:
        whole = kernel.Whole(size)
        whole.view().release()
        assert len(whole.finish()) == size
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < (1.1 if kernel.is_compiled() else 2.1) * size
