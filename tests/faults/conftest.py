"""Each fault on asyncio's loop and on uvloop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import uvloop
from tests.support.scripted_http import LoopFactory, loop_factory


@pytest.fixture(
    autouse=True,
    params=[
        pytest.param(asyncio.new_event_loop, id="asyncio"),
        pytest.param(uvloop.new_event_loop, id="uvloop"),
    ],
)
def loop_kind(request: pytest.FixtureRequest) -> Iterator[LoopFactory]:
    """Make ``run`` use each kind of loop in turn."""
    token = loop_factory.set(request.param)
    yield request.param
    loop_factory.reset(token)
