"""A transport that was closed is gone in time, and not before its peer has everything."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.loops import VirtualTimeLoop, run

from whirlwind._base.limits import SEND_TIMEOUT, TLS_SHUTDOWN_TIMEOUT
from whirlwind._net import tls_end
from whirlwind._net.delivery import Delivery


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.ended: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def abort(self) -> None:
        self.ended.set_result(asyncio.get_running_loop().time())


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        pytest.param(0, TLS_SHUTDOWN_TIMEOUT, id="it has everything"),
        pytest.param(300, 300, id="it reads for five minutes"),
        pytest.param(None, SEND_TIMEOUT + 2, id="it reads nothing"),
    ],
)
def test_a_peer_gets_time_while_it_reads(
    reads: int | None, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()

        def seen(_: object) -> Delivery:
            if reads is None:
                return Delivery(0, outstanding=True)
            return Delivery(int(loop.time()), outstanding=loop.time() < reads)

        monkeypatch.setattr(tls_end, "delivery", seen)
        transport = Transport()
        tls_end.bound_end(loop, transport, None)
        assert await transport.ended == pytest.approx(expected, abs=1.5)

    run(main(), VirtualTimeLoop)
