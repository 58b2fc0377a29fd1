"""RFC 9112, section 9, and what RFC 9110 says of connections: persistence, order, upgrades."""

from __future__ import annotations

from tests.conformance.case import APPLICATION, Answered, Refused, Section, Taken, fixed, request

GET = b"GET /a HTTP/1.1"
OLD = b"GET /a HTTP/1.0"
STAYS = Taken(path="/a")
ENDS = Taken(path="/a", closes=True)

persistence = Section("9112 9.3")
persistence.rule("MUST", "HTTP/1.1 goes on unless one side says close")
persistence.case("no Connection", request(), STAYS)
persistence.case("keep-alive", request(GET, b"Connection: keep-alive"), STAYS)
persistence.case("an unknown option", request(GET, b"Connection: x"), STAYS)
persistence.case("closed is not close", request(GET, b"Connection: closed, xclose, close-x"), STAYS)
persistence.case("empty", request(GET, b"Connection:"), STAYS)
persistence.rule("MUST", "HTTP/1.0 ends with its answer unless the client says keep-alive")
persistence.case("HTTP/1.0", request(OLD), ENDS)
persistence.case("HTTP/1.0, keep-alive", request(OLD, b"Connection: keep-alive"), STAYS)
persistence.case("HTTP/1.0, Keep-Alive", request(OLD, b"Connection: Keep-Alive"), STAYS)
persistence.case("HTTP/1.0, in a list", request(OLD, b"Connection: x ,\tkeep-alive"), STAYS)
persistence.case("HTTP/1.0, both", request(OLD, b"Connection: keep-alive, close"), ENDS)
persistence.case("HTTP/1.0, Keep-Alive field alone", request(OLD, b"Keep-Alive: timeout=5"), ENDS)
persistence.case("HTTP/1.0, Proxy-Connection", request(OLD, b"Proxy-Connection: keep-alive"), ENDS)
persistence.rule("MUST", "a server reads the whole body of a request, or closes")
persistence.case(
    "answered before its body",
    request(
        b"POST /web/early HTTP/1.1", b"Content-Length: 500000", body=b"GET /b HTTP/1.1\r\n\r\n"
    ),
    Answered(403, {"Connection": "close"}, closes=True),
    APPLICATION,
)
persistence.case(
    "answered before its chunks",
    request(b"POST /web/early HTTP/1.1", b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n"),
    Answered(403, {"Connection": "close"}, closes=True),
    APPLICATION,
)
persistence.rule("MUST", "an answer says how long it is, or ends with the connection")
persistence.case(
    "unknown length",
    request(b"GET /web/stream HTTP/1.1"),
    Answered(200, {"Transfer-Encoding": "chunked"}, b"onetwo"),
    APPLICATION,
)
persistence.case(
    "unknown length, HTTP/1.0",
    request(b"GET /web/stream HTTP/1.0", b"Connection: keep-alive"),
    Answered(200, {"Transfer-Encoding": None}, b"onetwo", closes=True),
    APPLICATION,
)

pipelining = Section("9112 9.3.2")
pipelining.rule("MUST", "answers come in the order of their requests")
pipelining.case(
    "three",
    request(b"GET /web/only-get HTTP/1.1")
    + request(b"GET /web/not-found HTTP/1.1")
    + request(b"GET /web/moved HTTP/1.1"),
    Answered(200, body=b"only", others=(404, 302)),
    APPLICATION,
)
pipelining.case(
    "after a body",
    fixed(b"5") + request(b"GET /web/not-found HTTP/1.1"),
    Answered(200, others=(404,)),
    APPLICATION,
)
pipelining.case(
    "after chunks",
    request(b"POST /a HTTP/1.1", b"Transfer-Encoding: chunked", body=b"1\r\nx\r\n0\r\n\r\n")
    + request(b"GET /web/not-found HTTP/1.1"),
    Answered(200, others=(404,)),
    APPLICATION,
)

closing = Section("9112 9.6")
closing.rule("MUST", "after a request with close nothing is read, and the connection ends")
for text in (
    "close",
    "CLOSE",
    "Close",
    "x, close",
    "close, x",
    ",close,",
    " \tclose\t ",
    "keep-alive, close",
    "close, keep-alive",
    "close,close",
    "x ,\tclose ,y",
):
    closing.case(f"Connection: {text!r}", request(GET, b"Connection: " + text.encode()), ENDS)
closing.case("two lines", request(GET, b"Connection: x", b"Connection: close"), ENDS)
closing.case("two lines, close first", request(GET, b"connection: close", b"Connection: x"), ENDS)
closing.case(
    "after a body",
    fixed(b"5", b"hello", b"Connection: close"),
    Taken("POST", body=b"hello", closes=True),
)
closing.rule("SHOULD", "the last answer says close")
closing.case(
    "close", request(GET, b"Connection: close"), Answered(200, {"Connection": "close"}, closes=True)
)
closing.case("keep-alive is not said", request(GET), Answered(200, {"Connection": None}))
closing.case("a refusal", request(GET, b"X : y"), Refused())

options = Section("9110 7.6.1")
options.rule("MUST", "Connection is a list of options; empty members are ignored")
options.case("empty members", request(GET, b"Connection: , ,, x"), STAYS)
options.case(
    "a named field is kept for the program",
    request(GET, b"Connection: X", b"X: y"),
    Taken(fields={"X": "y"}),
)
options.case("Host cannot be taken away", request(GET, b"Connection: host"), Taken(host="h"))
options.case(
    "Content-Length cannot be taken away",
    fixed(b"5", b"hello", b"Connection: content-length"),
    Taken("POST", body=b"hello"),
)

forwards = Section("9110 7.6.2")
forwards.rule("MUST", "Max-Forwards is for who forwards TRACE and OPTIONS; others ignore it")
for number in (b"0", b"10", b"-1", b"x", b"99999999999999999999"):
    forwards.case(f"GET, {number.decode()}", request(GET, b"Max-Forwards: " + number), STAYS)
forwards.case("OPTIONS, 0", request(b"OPTIONS /a HTTP/1.1", b"Max-Forwards: 0"), Taken("OPTIONS"))

upgrade = Section("9110 7.8")
upgrade.rule("MUST", "no switch to a protocol that was not asked for; others are ignored")
upgrade.case("an unknown protocol", request(GET, b"Upgrade: x/1", b"Connection: upgrade"), STAYS)
upgrade.case(
    "h2c",
    request(
        GET,
        b"Upgrade: h2c",
        b"Connection: Upgrade, HTTP2-Settings",
        b"HTTP2-Settings: AAMAAABkAAQAAP__",
    ),
    STAYS,
)
upgrade.case(
    "websocket where there is none",
    request(
        GET,
        b"Upgrade: websocket",
        b"Connection: upgrade",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ),
    STAYS,
)
upgrade.case("a list", request(GET, b"Upgrade: x, y/2, websocket", b"Connection: upgrade"), STAYS)
upgrade.case(
    "with a body",
    request(
        b"POST /a HTTP/1.1",
        b"Upgrade: x",
        b"Connection: upgrade",
        b"Content-Length: 5",
        body=b"hello",
    ),
    Taken("POST", body=b"hello"),
)
upgrade.case(
    "with chunks",
    request(
        b"POST /a HTTP/1.1",
        b"Upgrade: x",
        b"Connection: upgrade",
        b"Transfer-Encoding: chunked",
        body=b"5\r\nhello\r\n0\r\n\r\n",
    ),
    Taken("POST", body=b"hello"),
)
upgrade.case(
    "TLS",
    request(b"OPTIONS * HTTP/1.1", b"Upgrade: TLS/1.0", b"Connection: upgrade"),
    Taken("OPTIONS"),
)
upgrade.rule("MUST", "Upgrade without the option, or from HTTP/1.0, is ignored")
upgrade.case("no Connection", request(GET, b"Upgrade: websocket"), STAYS)
upgrade.case(
    "another option", request(GET, b"Upgrade: websocket", b"Connection: keep-alive"), STAYS
)
upgrade.case("option without Upgrade", request(GET, b"Connection: upgrade"), STAYS)
upgrade.case("HTTP/1.0", request(OLD, b"Upgrade: websocket", b"Connection: upgrade"), ENDS)
upgrade.case(
    "HTTP/1.0, keep-alive", request(OLD, b"Upgrade: x", b"Connection: upgrade, keep-alive"), STAYS
)

SECTIONS = [persistence, pipelining, closing, options, forwards, upgrade]
