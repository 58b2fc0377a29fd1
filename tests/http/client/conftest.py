"""The client's tests run on asyncio's loop and on uvloop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import pytest
from tests.support.scripted_http import LoopFactory, loop_factory

KINDS: list[object] = [pytest.param(asyncio.new_event_loop, id="asyncio")]
if sys.platform != "win32":
    import uvloop

    KINDS.append(pytest.param(uvloop.new_event_loop, id="uvloop"))


@pytest.fixture(autouse=True, params=KINDS)
def loop_kind(request: pytest.FixtureRequest) -> Iterator[LoopFactory]:
    """Make ``run`` use each kind of loop in turn."""
    token = loop_factory.set(request.param)
    yield request.param
    loop_factory.reset(token)
