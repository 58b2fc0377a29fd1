"""What a proxy says of a request that comes over a stream."""

from __future__ import annotations

from tests.support.raw_http import run
from tests.support.stream_http import Ends
from tests.support.streams import within

from whirlwind._http.server.context import RequestContext
from whirlwind._http.server.forwarded import ForwardedRequest

WIRE = (
    b"POST / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.7, 192.0.2.8\r\n"
    b"X-Forwarded-Proto: https\r\nContent-Length: 3\r\n\r\nabc"
)


def test_the_request_has_a_context_of_its_own_and_the_connection_keeps_its_own() -> None:
    async def main() -> None:
        ends = Ends(client=False)
        context = RequestContext(("192.0.2.1", 1), "http", {"192.0.2.8"})
        ends.connection.context = context
        ends.delegate.on_finish = ends.answer
        ends.peer.write(WIRE)
        delegate = ForwardedRequest(ends.delegate, ends.connection)
        assert await within(ends.connection.read_response(delegate))
        assert ends.delegate.events == [("head", "/"), ("data", b"abc"), "finish"]
        believed = ends.connection.context
        assert isinstance(believed, RequestContext)
        assert (believed.remote_ip, believed.protocol) == ("192.0.2.7", "https")
        assert (context.remote_ip, context.protocol) == ("192.0.2.1", "http")
        ends.close()

    run(main)


def test_a_context_of_a_programs_own_is_left_alone_and_the_end_is_handed_on() -> None:
    async def main() -> None:
        ends = Ends(client=False)
        delegate = ForwardedRequest(ends.delegate, ends.connection)
        ends.peer.write(WIRE[:-1])
        reading = ends.connection.read_response(delegate)
        ends.peer.close()
        error = await within(_outcome(reading))
        assert error is not None
        assert ends.connection.context == "the peer"
        assert ends.delegate.events[-1] == "closed"

    run(main)


async def _outcome(reading: object) -> BaseException | None:
    try:
        await reading  # type: ignore[misc]
    except OSError as error:
        return error
    return None
