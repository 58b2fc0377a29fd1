"""RFC 9110: fields, methods, expectations, conditions, ranges, status codes."""

from __future__ import annotations

from tests.conformance.case import (
    APPLICATION,
    RAW,
    Answered,
    Refused,
    Section,
    Taken,
    chunked,
    fixed,
    request,
)

GET = b"GET /a HTTP/1.1"
OLD = b"GET /a HTTP/1.0"


def web(path: bytes, *fields: bytes, method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    return request(method + b" /web/" + path + b" HTTP/" + version, *fields)


# --- 5 Fields ---------------------------------------------------------------------------------

repeated = Section("9110 5.3")
repeated.rule("MUST", "fields of one name are a list, in their order")
repeated.case("two", request(GET, b"X: a", b"Y: b", b"x: c"), Taken(fields={"X": "a,c", "Y": "b"}))
repeated.case(
    "one of them empty", request(GET, b"X: a", b"X:", b"X: c"), Taken(fields={"X": "a,,c"})
)

limits = Section("9110 5.4")
limits.rule("MUST", "fields larger than wanted are answered with 4xx")
limits.case("one of 20,000 bytes", request(GET, b"X: " + b"a" * 20_000), Refused(431))
limits.case("a name of 20,000 bytes", request(GET, b"X" * 20_000 + b": a"), Refused(431))
limits.case("300 fields", request(GET, *[b"X: y"] * 300), Refused(431))
limits.case("without end", request(GET)[:-2] + b"X: " + b"a" * 20_000, Refused(431))
limits.rule("MUST", "values of reasonable length are taken (section 2.3)")
limits.case("8,000 bytes", request(GET, b"X: " + b"a" * 8_000), Taken(fields={"X": "a" * 8_000}))
limits.case("a name of 1,000 bytes", request(GET, b"X" * 1_000 + b": a"), Taken())
limits.case("200 fields", request(GET, *[b"X%d: y" % n for n in range(200)]), Taken())

values = Section("9110 5.5")
values.rule("MUST", "CR, LF and NUL in a value are refused, or made a space: here they are refused")
values.case("NUL", request(GET, b"X: a\x00b"), Refused())
values.case("NUL alone", request(GET, b"X: \x00"), Refused())
values.case("CR", request(GET, b"X: a\rb"), Refused())
values.case("LF", request(GET, b"X: a\nb"), Refused())
values.case("NUL in a cookie", request(GET, b"Cookie: a=\x00"), Refused())
values.rule("SHOULD", "other controls are invalid")
for control in (b"\x01", b"\x08", b"\x0b", b"\x0c", b"\x1b", b"\x1f", b"\x7f"):
    values.case(f"{control!r}", request(GET, b"X: a" + control + b"b"), Refused())
values.rule("SHOULD", "bytes above 7F are opaque")
values.case(
    "all of them",
    request(GET, b"X: " + bytes(range(128, 256))),
    Taken(fields={"X": bytes(range(128, 256)).decode("latin-1")}),
)
values.case("a tab inside", request(GET, b"X: a\tb"), Taken(fields={"X": "a\tb"}))

# --- 6.6.1 Date -------------------------------------------------------------------------------

date = Section("9110 6.6.1")
date.rule("MUST", "answers of 2xx, 3xx and 4xx have a Date")
date.case("200", request(), Answered(200, {"Date": "*"}))
date.case("204", web(b"status/204"), Answered(204, {"Date": "*"}), APPLICATION)
date.case("302", web(b"moved"), Answered(302, {"Date": "*"}), APPLICATION)
date.case("304", web(b"tagged", b"If-None-Match: *"), Answered(304, {"Date": "*"}), APPLICATION)
date.case("404", web(b"not-found"), Answered(404, {"Date": "*"}), APPLICATION)
date.case("405", web(b"only-get", method=b"POST"), Answered(405, {"Date": "*"}), APPLICATION)
date.case(
    "a program that takes it away", web(b"no-date"), Answered(200, {"Date": "*"}), APPLICATION
)
STATUS_ALONE = (
    "Tornado's suite wants the status line alone, to the byte, for what is no HTTP and for bodies "
    "that are refused. All other refusals have Date and Connection."
)
date.case("a request line that is none", request(b"GET"), Refused(), differs=STATUS_ALONE)
date.case("a body that is refused", chunked(b"x\r\n"), Refused(), differs=STATUS_ALONE)

# --- 8 Representations ------------------------------------------------------------------------

content = Section("9110 8.4")
content.rule("MAY", "a content coding that is not known may be refused; the program sees it")
content.case(
    "br",
    fixed(b"5", b"hello", b"Content-Encoding: br"),
    Taken("POST", body=b"hello", fields={"Content-Encoding": "br"}),
)
content.case(
    "x",
    fixed(b"5", b"hello", b"Content-Encoding: x"),
    Taken("POST", body=b"hello", fields={"Content-Encoding": "x"}),
)

lengths = Section("9110 8.6")
lengths.rule("MUST", "Content-Length of HEAD is that of GET")
lengths.case(
    "HEAD", web(b"plain", method=b"HEAD"), Answered(200, {"Content-Length": "5"}, b""), APPLICATION
)
lengths.case("GET", web(b"plain"), Answered(200, {"Content-Length": "5"}, b"plain"), APPLICATION)
lengths.rule("MUST", "no Content-Length, and no Transfer-Encoding, in 1xx and 204")
NOTHING = {"Content-Length": None, "Transfer-Encoding": None}
lengths.case("204", web(b"status/204"), Answered(204, NOTHING), APPLICATION)
lengths.case(
    "204 of a program that sets a length",
    web(b"status/204?length=1"),
    Answered(204, NOTHING),
    APPLICATION,
)
lengths.case(
    "204 of a program that sets a coding",
    web(b"status/204?chunked=1"),
    Answered(204, NOTHING),
    APPLICATION,
)
lengths.case("204 to HEAD", web(b"status/204", method=b"HEAD"), Answered(204, NOTHING), APPLICATION)
lengths.case("103", web(b"interim"), Answered(200, body=b"final", interim=(103,)), APPLICATION)
lengths.rule("MUST", "never both framing fields (RFC 9112, section 6.2)")
lengths.case(
    "a program that sets both",
    web(b"both"),
    Answered(200, {"Transfer-Encoding": "chunked", "Content-Length": "4"}, b"both", closes=True),
    APPLICATION,
    differs="Tornado's suite wants a server that sends both where a handler asked for chunks by "
    "itself, to see a client refuse it. The body is in chunks, as section 6.3 has it read; the "
    "connection ends with it, so that nothing can be taken for a further answer.",
)
lengths.case(
    "a program that sets both, HEAD",
    web(b"both", method=b"HEAD"),
    Answered(200, {"Transfer-Encoding": "chunked", "Content-Length": None}, b""),
    APPLICATION,
)
lengths.rule("MUST", "no Transfer-Encoding to HTTP/1.0 (RFC 9112, section 6.1)")
lengths.case(
    "a program that sets it",
    web(b"both", version=b"1.0"),
    Answered(200, {"Transfer-Encoding": None}, b"both", closes=True),
    APPLICATION,
)
lengths.case(
    "204 to HTTP/1.0",
    web(b"status/204?chunked=1", b"Connection: keep-alive", version=b"1.0"),
    Answered(204, NOTHING),
    APPLICATION,
)

# --- 9 Methods --------------------------------------------------------------------------------

methods = Section("9110 9.1")
methods.rule("MUST", "a general-purpose server supports GET and HEAD")
methods.case("GET", web(b"only-get"), Answered(200, body=b"only"), APPLICATION)
methods.case(
    "HEAD",
    web(b"only-get", method=b"HEAD"),
    Answered(405, {"Allow": "GET"}),
    APPLICATION,
    differs="As in Tornado, a handler answers the methods that it has: one without head() "
    "does not answer HEAD. A program says head = get where the two are the same; files do.",
)
methods.rule("SHOULD", "a method that nobody knows is answered with 501")
methods.case(
    "BREW",
    web(b"plain", method=b"BREW"),
    Answered(405),
    APPLICATION,
    differs="Tornado answers 405 to all methods that a handler does not have, and programs "
    "and their tests expect it.",
)
methods.case(
    "lower case",
    web(b"plain", method=b"get"),
    Answered(405),
    APPLICATION,
    differs="As above: a method in lower case is a method that nobody knows.",
)
methods.case(
    "100 letters", web(b"plain", method=b"A" * 100), Answered(405), APPLICATION, differs="As above."
)

head = Section("9110 9.3.2")
head.rule("MUST", "an answer to HEAD has no body")
head.case("plain", web(b"plain", method=b"HEAD"), Answered(200, body=b""), APPLICATION)
head.case("unknown length", web(b"stream", method=b"HEAD"), Answered(200, body=b""), APPLICATION)
head.case("an error", web(b"not-found", method=b"HEAD"), Answered(404, body=b""), APPLICATION)
head.case("any server", request(b"HEAD /a HTTP/1.1"), Taken("HEAD"))
head.case("HTTP/1.0", request(b"HEAD /a HTTP/1.0", b"Connection: keep-alive"), Taken("HEAD"))
head.case(
    "unknown length, HTTP/1.0",
    web(b"stream", b"Connection: keep-alive", method=b"HEAD", version=b"1.0"),
    Answered(200, body=b""),
    APPLICATION,
)

connect = Section("9110 9.3.6")
connect.rule("MUST", "what follows a CONNECT is not read as HTTP")
connect.case("refused", request(b"CONNECT g:1 HTTP/1.1"), Taken("CONNECT", closes=True))
connect.case(
    "keep-alive",
    request(b"CONNECT h:1 HTTP/1.1", b"Connection: keep-alive"),
    Taken("CONNECT", closes=True),
)
connect.case(
    "HTTP/1.0, keep-alive",
    request(b"CONNECT h:1 HTTP/1.0", b"Connection: keep-alive"),
    Taken("CONNECT", closes=True),
)
connect.rule("MUST", "no framing fields in 2xx to CONNECT")
connect.case("200", request(b"CONNECT h:1 HTTP/1.1"), Answered(200, NOTHING, closes=True))

trace = Section("9110 9.3.8")
trace.rule("MAY", "TRACE need not be supported; it is not, since it shows what cookies hide")
trace.case("TRACE", web(b"plain", method=b"TRACE"), Answered(405), APPLICATION)
trace.case(
    "TRACE with Max-Forwards",
    web(b"plain", b"Max-Forwards: 0", method=b"TRACE"),
    Answered(405),
    APPLICATION,
)

# --- 10.1.1 Expect ----------------------------------------------------------------------------

expect = Section("9110 10.1.1")
expect.rule("MUST", "100-continue is answered with 100 or the final status, before the body")
expect.case(
    "an answer before the body",
    request(b"POST /web/early HTTP/1.1", b"Expect: 100-continue", b"Content-Length: 5"),
    Answered(403, closes=True),
    APPLICATION,
)
expect.case(
    "too large",
    request(b"POST /a HTTP/1.1", b"Expect: 100-continue", b"Content-Length: 9999999"),
    Refused(),
)
expect.rule("MAY", "100 is left out where the body has come")
for text in (
    b"100-continue",
    b"100-Continue",
    b" 100-CONTINUE ",
    b"100-continue, 100-continue",
    b",100-continue",
):
    expect.case(
        f"{text!r}", fixed(b"5", b"hello", b"Expect: " + text), Taken("POST", body=b"hello")
    )
expect.case(
    "chunks",
    chunked(b"5\r\nhello\r\n0\r\n\r\n", b"Expect: 100-continue"),
    Taken("POST", body=b"hello"),
)
expect.rule("MUST", "without a body there is no 100")
expect.case("GET", request(GET, b"Expect: 100-continue"), Taken())
expect.case("length 0", fixed(b"0", b"", b"Expect: 100-continue"), Taken("POST"))
expect.rule("MUST", "100-continue from HTTP/1.0 is ignored")
expect.case(
    "HTTP/1.0",
    request(
        b"POST /a HTTP/1.0",
        b"Expect: 100-continue",
        b"Content-Length: 5",
        b"Connection: keep-alive",
        body=b"hello",
    ),
    Taken("POST", body=b"hello"),
)
expect.rule("MAY", "another expectation is answered with 417")
for text in (
    b"more",
    b"100-continue, more",
    b"a=b",
    b"200-ok",
    b"100-continue;a=b",
    b'"100-continue"',
):
    expect.case(f"{text!r}", fixed(b"5", b"hello", b"Expect: " + text), Refused(417))
expect.case("HTTP/1.0, another", request(OLD, b"Expect: more"), Taken(closes=True))
expect.case("empty", request(GET, b"Expect:"), Taken())

# --- 10.2, 12 ---------------------------------------------------------------------------------

allow = Section("9110 15.5.6")
allow.rule("MUST", "405 comes with Allow")
allow.case("POST", web(b"only-get", method=b"POST"), Answered(405, {"Allow": "GET"}), APPLICATION)
allow.case(
    "an unknown method",
    web(b"plain", method=b"BREW"),
    Answered(405, {"Allow": "GET, HEAD, POST"}),
    APPLICATION,
)
allow.case("TRACE", web(b"only-get", method=b"TRACE"), Answered(405, {"Allow": "GET"}), APPLICATION)

# --- 13 Conditional Requests ------------------------------------------------------------------

TAG = b'If-None-Match: "t,a\\g"'
matching = Section("9110 13.1.2")
matching.rule("MUST", "If-None-Match compares weakly, each member of its list")
for name, fields in {
    "equal": TAG,
    "weak": b'If-None-Match: W/"t,a\\g"',
    "in a list": b'If-None-Match: "a", "t,a\\g", "b"',
    "without spaces": b'If-None-Match: "a","t,a\\g","b"',
    "any": b"If-None-Match: *",
}.items():
    matching.case(name, web(b"tagged", fields), Answered(304, {"Etag": '"t,a\\g"'}), APPLICATION)
matching.case("two lines", web(b"tagged", b'If-None-Match: "a"', TAG), Answered(304), APPLICATION)
matching.case(
    "weak on both sides",
    web(b"tagged?weak=1", b'If-None-Match: W/"weak"'),
    Answered(304),
    APPLICATION,
)
matching.case(
    "weak here", web(b"tagged?weak=1", b'If-None-Match: "weak"'), Answered(304), APPLICATION
)
matching.case("HEAD", web(b"tagged", TAG, method=b"HEAD"), Answered(304), APPLICATION)
matching.rule("MUST", "if none matches, the method is performed")
for name, fields in {
    "another": b'If-None-Match: "x"',
    "a part of it": b'If-None-Match: "t"',
    "other case": b'If-None-Match: "T,A\\G"',
    "no quotes": b"If-None-Match: t,a\\g",
    "empty": b"If-None-Match:",
    "empty tag": b'If-None-Match: ""',
    "w in lower case": b'If-None-Match: w/"x"',
}.items():
    matching.case(name, web(b"tagged", fields), Answered(200, body=b"tagged"), APPLICATION)
matching.rule("MUST", "a condition is for methods that it is defined for (section 13.2.1)")
matching.case(
    "OPTIONS", web(b"tagged", TAG, method=b"OPTIONS"), Answered(200, body=b"tagged"), APPLICATION
)
matching.rule("MUST", "with another method than GET and HEAD a match is answered with 412")
matching.case(
    "POST",
    web(b"tagged", TAG, method=b"POST"),
    Answered(200, body=b"tagged"),
    APPLICATION,
    differs="The tag is that of the answer, which is known when the method has been "
    "performed, as in Tornado. A handler that can know it before calls check_etag_header "
    "and answers 412.",
)

precedence = Section("9110 13.2")
precedence.rule("MUST", "If-Modified-Since is ignored beside If-None-Match")
SINCE = b"If-Modified-Since: Thu, 01 Jan 2037 00:00:00 GMT"
precedence.case(
    "no match", web(b"tagged", SINCE, b'If-None-Match: "x"'), Answered(200), APPLICATION
)
precedence.case(
    "match",
    web(b"tagged", b"If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT", TAG),
    Answered(304),
    APPLICATION,
)
precedence.rule("MUST", "If-Modified-Since is ignored where there is no date, or it is none")
precedence.case("no Last-Modified", web(b"plain", SINCE), Answered(200, body=b"plain"), APPLICATION)
precedence.case(
    "not a date", web(b"plain", b"If-Modified-Since: yesterday"), Answered(200), APPLICATION
)
precedence.rule("MUST", "conditions count only where the answer would be 2xx")
precedence.case("404", web(b"not-found", b"If-None-Match: *"), Answered(404), APPLICATION)
precedence.case("302", web(b"moved", b"If-None-Match: *"), Answered(302), APPLICATION)
precedence.case(
    "405", web(b"only-get", b"If-None-Match: *", method=b"POST"), Answered(405), APPLICATION
)

modified = Section("9110 15.4.5")
modified.rule("MUST", "304 has the fields that 200 would have for caches")
modified.case(
    "Cache-Control, Content-Location, Date, ETag, Expires, Vary",
    web(b"plain", b"If-None-Match: *"),
    Answered(
        304,
        {
            "Cache-Control": "max-age=1",
            "Content-Location": "/other",
            "Date": "*",
            "Etag": "*",
            "Expires": "*",
            "Vary": "Accept",
        },
    ),
    APPLICATION,
)
modified.rule("MUST", "304 has no body")
modified.case("GET", web(b"tagged", TAG), Answered(304, {"Content-Length": None}, b""), APPLICATION)
modified.case("HEAD", web(b"tagged", TAG, method=b"HEAD"), Answered(304, body=b""), APPLICATION)
modified.case(
    "HTTP/1.0",
    web(b"tagged", TAG, b"Connection: keep-alive", version=b"1.0"),
    Answered(304),
    APPLICATION,
)
modified.rule("SHOULD", "304 has no other fields of the representation")
modified.case(
    "no Content-Type", web(b"tagged", TAG), Answered(304, {"Content-Type": None}), APPLICATION
)

# --- 14 Range ---------------------------------------------------------------------------------

ranges = Section("9110 14.2")
ranges.rule("MUST", "Range is ignored with methods it is not defined for, and units nobody knows")
ranges.case(
    "POST",
    web(b"plain", b"Range: bytes=0-0", method=b"POST"),
    Answered(200, body=b"plain"),
    APPLICATION,
)
ranges.case("HEAD", web(b"plain", b"Range: bytes=0-0", method=b"HEAD"), Answered(200), APPLICATION)
ranges.case(
    "an unknown unit", web(b"plain", b"Range: lines=0-0"), Answered(200, body=b"plain"), APPLICATION
)
ranges.case("no range", web(b"plain", b"Range: x"), Answered(200, body=b"plain"), APPLICATION)
ranges.rule("MAY", "Range may be ignored: answers that are made for each request are whole")
ranges.case(
    "GET",
    web(b"plain", b"Range: bytes=0-0"),
    Answered(200, {"Content-Range": None}, b"plain"),
    APPLICATION,
)
ranges.case(
    "very many", web(b"plain", b"Range: bytes=" + b"0-," * 1000), Answered(200), APPLICATION
)

# --- 15 Status Codes --------------------------------------------------------------------------

status = Section("9110 15")
status.rule("MUST", "no 1xx to an HTTP/1.0 client (section 15.2)")
status.case(
    "103 to HTTP/1.0",
    web(b"interim", version=b"1.0"),
    Answered(200, body=b"final", closes=True),
    APPLICATION,
)
status.case("103 to HTTP/1.1", web(b"interim"), Answered(200, interim=(103,)), APPLICATION)
status.rule("MUST", "204, 205 and 304 have no body")
status.case("204", web(b"status/204"), Answered(204, body=b""), APPLICATION)
status.case("205", web(b"status/205"), Answered(205, {"Content-Length": "0"}, b""), APPLICATION)
status.case("304", web(b"status/304"), Answered(304, body=b""), APPLICATION)
status.rule("MUST", "an answer without a body is framed all the same")
status.case("200", web(b"empty"), Answered(200, {"Content-Length": "0"}, b""), APPLICATION)
status.case(
    "a code nobody knows", web(b"status/299"), Answered(299, {"Content-Length": "0"}), APPLICATION
)
status.rule("SHOULD", "a redirect says where to (section 15.4)")
status.case("302", web(b"moved"), Answered(302, {"Location": "/a"}), APPLICATION)
status.case("421", request(b"GET https://h/a HTTP/1.1"), Refused(421), RAW)

# --- RFC 6265 ---------------------------------------------------------------------------------

cookies = Section("6265 5.4")
cookies.rule("MUST", "a Cookie field is pairs between semicolons; what is none spoils no other")
for name, value, body in [
    ("one", b"a=1", b"1"),
    ("among others", b"x=2; a=1; y=3", b"1"),
    ("no space", b"x=2;a=1", b"1"),
    ("empty value", b"a=", b"empty"),
    ("equals sign in the value", b"a=b=c", b"b=c"),
    ("a name that is none", b"=; ;\xff{}=1; a=1", b"1"),
    ("quotes do not hide a pair", b'x="; a=1; y="', b"1"),
    ("no such name", b"aa=1; A=2", b"none"),
    ("very many", b"x=1; " * 1000 + b"a=1", b"1"),
]:
    cookies.case(name, web(b"cookie", b"Cookie: " + value), Answered(200, body=body), APPLICATION)
cookies.rule("MUST", "Set-Cookie fields are not folded into one (section 3)")
cookies.case(
    "two",
    web(b"two-cookies"),
    Answered(200, {"Set-Cookie": "a=1; Path=/,b=2; Path=/"}),
    APPLICATION,
)

SECTIONS = [
    repeated,
    limits,
    values,
    date,
    content,
    lengths,
    methods,
    head,
    connect,
    trace,
    expect,
    allow,
    matching,
    precedence,
    modified,
    ranges,
    status,
    cookies,
]
