"""RFC 9112, sections 6 and 7: how long a body is, and what chunks look like."""

from __future__ import annotations

from tests.conformance.case import Refused, Section, Taken, chunked, fixed, request

HELLO = b"5\r\nhello\r\n0\r\n\r\n"
GOT = Taken("POST", path="/a", body=b"hello")
POST = b"POST /a HTTP/1.1"

# --- 6.1 Transfer-Encoding --------------------------------------------------------------------

coding = Section("9112 6.1")
coding.rule("MUST", "a recipient decodes the chunked coding, whatever its case")
coding.case("chunked", chunked(HELLO), GOT)
coding.case("Chunked", chunked(HELLO, coding=b"Chunked"), GOT)
coding.case("CHUNKED", request(POST, b"TRANSFER-ENCODING: CHUNKED", body=HELLO), GOT)
coding.case("white space around", chunked(HELLO, coding=b"\t chunked  "), GOT)
coding.case(
    "a tab after it",
    chunked(HELLO, coding=b"chunked\t"),
    Refused(),
    differs="llhttp takes the tab for a part of the coding. Both readers of a head have to "
    "agree about where its body ends, so what one of them refuses is refused.",
)
coding.case("no space", request(POST, b"Transfer-Encoding:chunked", body=HELLO), GOT)
coding.rule("MUST", "Transfer-Encoding beside Content-Length ends the connection: refused here")
coding.case(
    "Content-Length first",
    request(POST, b"Content-Length: 5", b"Transfer-Encoding: chunked", body=HELLO),
    Refused(),
)
coding.case(
    "Transfer-Encoding first",
    request(POST, b"Transfer-Encoding: chunked", b"Content-Length: 5", body=HELLO),
    Refused(),
)
coding.case("Content-Length: 0", chunked(HELLO, b"Content-Length: 0"), Refused())
coding.case(
    "both, HTTP/1.0",
    request(b"POST /a HTTP/1.0", b"Content-Length: 5", b"Transfer-Encoding: chunked", body=HELLO),
    Refused(),
)
coding.case(
    "an unknown coding and a length",
    request(POST, b"Content-Length: 5", b"Transfer-Encoding: xchunked", body=b"hello"),
    Refused(),
)
coding.rule("MUST", "chunked is applied once and last, or the length is unknown: 400")
for text in (
    "gzip",
    "identity",
    "chunked, gzip",
    "chunked, identity",
    "chunked, chunked",
    "gzip, chunked, gzip",
    "xchunked",
    "chunkedx",
    "chunked123",
    "chun ked",
    '"chunked"',
    "chunked;a=b",
    "chunked; q=1",
    "",
    "chunked\x0b",
    "\x0bchunked",
    "chunked\x0c",
    "chunked\x00",
    "\x00",
    "chunked\x01",
    "chunked chunked",
    "chunked\xa0",
    "\x85chunked",
    "0",
):
    coding.case(f"coding {text!r}", chunked(HELLO, coding=text.encode("latin-1")), Refused())
coding.case("two lines of it", chunked(HELLO, b"Transfer-Encoding: chunked"), Refused())
coding.case("two lines, one of them empty", chunked(HELLO, b"Transfer-Encoding:"), Refused())
coding.case(
    "two lines, another first",
    chunked(HELLO, b"Transfer-Encoding: chunked", coding=b"x"),
    Refused(),
)
coding.case("two lines, another last", chunked(HELLO, b"Transfer-Encoding: x"), Refused())
coding.rule("MUST", "empty members of a list are ignored (RFC 9110, section 5.6.1.2)")
for text in (", chunked", "chunked,", ",chunked,", "chunked, "):
    coding.case(
        f"coding {text!r}",
        chunked(HELLO, coding=text.encode()),
        Refused(),
        differs="Where a body ends is not left to how a list is read: proxies have read such "
        "lists as another coding, or as none. Nobody sends them in earnest.",
    )
coding.rule("SHOULD", "a coding that is not understood is answered with 501")
for text in ("gzip, chunked", "x, chunked"):
    coding.case(
        text,
        chunked(HELLO, coding=text.encode()),
        Refused(),
        differs="Tornado answers 400 to every coding but chunked, and its suite wants it.",
    )
coding.rule("MUST", "with HTTP/1.0 the framing is faulty: the connection ends after the answer")
coding.case(
    "HTTP/1.0",
    request(b"POST /a HTTP/1.0", b"Transfer-Encoding: chunked", body=HELLO),
    Taken("POST", body=b"hello", closes=True),
)
coding.case(
    "HTTP/1.0, keep-alive",
    request(
        b"POST /a HTTP/1.0", b"Transfer-Encoding: chunked", b"Connection: keep-alive", body=HELLO
    ),
    Taken("POST", body=b"hello"),
    differs="Tornado's suite sends chunked bodies in HTTP/1.0 and goes on with the "
    "connection. The body is decoded by the same strict rules as that of HTTP/1.1, and the "
    "client has asked to go on.",
)
coding.rule("SHOULD", "the chunked coding has no parameters; they are an error (section 7)")
coding.case("a parameter of chunked", chunked(HELLO, coding=b"chunked;x"), Refused())

# --- 6.2 Content-Length, RFC 9110 8.6 ---------------------------------------------------------

length = Section("9112 6.2")
length.rule("MUST", "a valid Content-Length is the body's length")
length.case("5", fixed(b"5"), GOT)
length.case("0", fixed(b"0", b""), Taken("POST"))
length.case("white space around", fixed(b" \t5\t "), GOT)
length.case("no space", request(POST, b"Content-Length:5", body=b"hello"), GOT)
length.case(
    "a body that looks like a request",
    fixed(b"27", b"GET /b HTTP/1.1\r\nHost: h\r\n"[:27].ljust(27, b"\n")),
    Taken("POST", body=b"GET /b HTTP/1.1\r\nHost: h\r\n".ljust(27, b"\n")),
)
length.case("a body that looks like chunks", fixed(b"15", HELLO), Taken("POST", body=HELLO))
length.case(
    "GET with a body",
    request(b"GET /a HTTP/1.1", b"Content-Length: 5", body=b"hello"),
    Taken("GET", body=b"hello"),
)
length.case(
    "HEAD with a body",
    request(b"HEAD /a HTTP/1.1", b"Content-Length: 5", body=b"hello"),
    Taken("HEAD", body=b"hello"),
)
length.case(
    "DELETE with a body",
    request(b"DELETE /a HTTP/1.1", b"Content-Length: 5", body=b"hello"),
    Taken("DELETE", body=b"hello"),
)
length.case(
    "OPTIONS with a body",
    request(b"OPTIONS /a HTTP/1.1", b"Content-Length: 5", body=b"hello"),
    Taken("OPTIONS", body=b"hello"),
)
length.case(
    "HTTP/1.0",
    request(b"POST /a HTTP/1.0", b"Content-Length: 5", body=b"hello"),
    Taken("POST", body=b"hello", closes=True),
)
length.rule("MAY", "leading zeros are digits")
length.case("005", fixed(b"005"), GOT)
length.case("00", fixed(b"00", b""), Taken("POST"))

body = Section("9112 6.3")
body.rule("MUST", "a Content-Length that is not digits is answered with 400, and closed")
for text in (
    "+5",
    "-5",
    "-0",
    "+0",
    "5.0",
    "5e0",
    "0x5",
    "0o5",
    "0b1",
    "5_0",
    "5 5",
    "5;",
    "5,",
    ",5",
    "5, 6",
    "5,6",
    "6, 5",
    "",
    "five",
    "5a",
    "a5",
    '"5"',
    "\xb2",
    "5\x00",
    "5\x0b",
    "5\xa0",
    "\x0c5",
    "(5)",
    "*",
    "5/1",
    "1,000",
    "NaN",
):
    body.case(f"length {text!r}", fixed(text.encode("latin-1")), Refused())
body.case("digits of another script", fixed("\u0665".encode()), Refused())
body.case("two lines, unequal", fixed(b"5", b"hello", b"Content-Length: 6"), Refused())
body.case("two lines, one of them empty", fixed(b"5", b"hello", b"Content-Length:"), Refused())
body.case("two lines, unequal, other case", fixed(b"5", b"hello", b"content-length: 0"), Refused())
body.rule("MAY", "equal lengths in a list, or in two lines, are refused")
body.case("5, 5", fixed(b"5, 5"), Refused())
body.case("two lines, equal", fixed(b"5", b"hello", b"Content-Length: 5"), Refused())
body.rule("MUST", "large numerals do not overflow (RFC 9110, section 8.6)")
for number in (2**31, 2**32, 2**32 + 5, 2**63 - 1, 2**63, 2**64, 2**64 + 5, 10**29):
    body.case(f"length {number}", fixed(str(number).encode()), Refused())
body.case("as many zeros as digits fit", fixed(b"0" * 17 + b"5"), GOT)
body.case("very many digits", fixed(b"9" * 5000), Refused())
body.rule("MUST", "a request without both fields has no body")
body.case("POST without", request(POST), Taken("POST"))
body.case("PUT without", request(b"PUT /a HTTP/1.1"), Taken("PUT"))
body.case("GET without", request(), Taken())
body.rule("MUST", "a body over the limit is refused before it is read (RFC 9110, section 15.5.14)")
body.case("announced", fixed(b"1000001", b""), Refused())
body.case("in chunks", chunked(b"f4241\r\n"), Refused())

# --- 7.1 Chunked Transfer Coding --------------------------------------------------------------

chunk = Section("9112 7.1")
chunk.rule("MUST", "a recipient decodes chunks")
for name, wire in {
    "one": HELLO,
    "two": b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    "one for each byte": b"".join([b"1\r\n%c\r\n" % c for c in b"hello"]) + b"0\r\n\r\n",
    "leading zeros": b"0005\r\nhello\r\n0\r\n\r\n",
    "sixteen digits": b"0" * 15 + b"5\r\nhello\r\n0\r\n\r\n",
    "a last chunk of many zeros": b"5\r\nhello\r\n0000\r\n\r\n",
}.items():
    chunk.case(name, chunked(wire), GOT)
chunk.case("none", chunked(b"0\r\n\r\n"), Taken("POST"))
chunk.case(
    "upper case", chunked(b"A\r\n0123456789\r\n0\r\n\r\n"), Taken("POST", body=b"0123456789")
)
chunk.case(
    "lower case", chunked(b"a\r\n0123456789\r\n0\r\n\r\n"), Taken("POST", body=b"0123456789")
)
chunk.case(
    "data with CRLF",
    chunked(b"9\r\n\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n"),
    Taken("POST", body=b"\r\n0\r\n\r\n\r\n"),
)
chunk.case(
    "data that looks like a request",
    chunked(b"13\r\nGET /b HTTP/1.1\r\n\r\n\r\n0\r\n\r\n"),
    Taken("POST", body=b"GET /b HTTP/1.1\r\n\r\n"),
)
chunk.rule("MUST", "a size is hexadecimal digits alone")
for text in (
    "0x5",
    "0X5",
    "+5",
    "-5",
    "-0",
    " 5",
    "\t5",
    "5 ",
    "5\t",
    "5_0",
    "5.",
    "5,",
    "",
    "g",
    "5g",
    "\x0b5",
    "5\x00",
    "\xb5",
    "$5",
    "5\xa0",
    '"5"',
    "{5}",
):
    chunk.case(
        f"size {text!r}", chunked(text.encode("latin-1") + b"\r\nhello\r\n0\r\n\r\n"), Refused()
    )
chunk.rule("MUST", "large sizes do not overflow")
for text in (
    "f" * 8,
    "7" + "f" * 15,
    "f" * 16,
    "1" + "0" * 16,
    "1" + "0" * 15 + "5",
    "0" * 17 + "5",
    "f" * 3000,
):
    chunk.case(
        f"size {text[:20]} of {len(text)}",
        chunked(text.encode() + b"\r\nhello\r\n0\r\n\r\n"),
        Refused(),
    )
chunk.rule("MUST", "a chunk ends with CRLF, and has as many bytes as its size says")
for name, wire in {
    "no CRLF": b"5\r\nhello0\r\n\r\n",
    "LF": b"5\r\nhello\n0\r\n\r\n",
    "CR": b"5\r\nhello\r0\r\n\r\n",
    "CR CR LF": b"5\r\nhello\r\r\n0\r\n\r\n",
    "LF CR": b"5\r\nhello\n\r0\r\n\r\n",
    "too long": b"5\r\nhello!\r\n0\r\n\r\n",
    "too short": b"6\r\nhello\r\n0\r\n\r\n",
    "other bytes": b"5\r\nhelloXX0\r\n\r\n",
    "two CRLF": b"5\r\nhello\r\n\r\n0\r\n\r\n",
    "CRLF before the first size": b"\r\n5\r\nhello\r\n0\r\n\r\n",
}.items():
    chunk.case(f"end of data: {name}", chunked(wire), Refused())
chunk.rule("MUST", "a bare CR, or a lone LF, ends no line of a chunked body")
for name, wire in {
    "LF after a size": b"5\nhello\r\n0\r\n\r\n",
    "CR after a size": b"5\rhello\r\n0\r\n\r\n",
    "LF after the last size": b"5\r\nhello\r\n0\n\r\n",
    "LF for the empty line": b"5\r\nhello\r\n0\r\n\n",
    "LF throughout": b"5\nhello\n0\n\n",
    "CR in the empty line": b"5\r\nhello\r\n0\r\n\rX",
    "X after the empty line's CR": b"0\r\n\r\rX",
}.items():
    chunk.case(name, chunked(wire), Refused())

extension = Section("9112 7.1.1")
extension.rule("MUST", "extensions that are not known are ignored")
for text in (
    ";a",
    ";a=b",
    ' ;a="b"',
    ";a;b;c=d",
    '; a = "b;c"',
    ';a="\\""',
    ';a="\\\\"',
    ';a=""',
    "\t;\ta\t=\tb",
    ';a="\xe9"',
    ";!#$%&'*+-.^_`|~=1",
    ';a=";0"',
    ';a=" \t "',
):
    wire = b"5" + text.encode("latin-1") + b"\r\nhello\r\n0" + text.encode("latin-1") + b"\r\n\r\n"
    extension.case(f"extension {text!r}", chunked(wire), GOT)
extension.rule("MUST", "an extension is a token, perhaps with a token or a quoted string")
for text in (
    ";",
    " ;",
    ";;a",
    ";a;",
    ";=b",
    ";a=",
    ";a=;b",
    ";a b",
    ';"a"',
    ';a="b',
    ';a=b"',
    ';a="b"c',
    ';a="\\"',
    ";a=(b)",
    ",a",
    "a=b",
    ";a\x00",
    ';a="\x00"',
    ';a="\x7f"',
    ";a\x0b",
    ";\xe9",
    ";a=\xe9",
    ";a=b c",
    ";a\r",
    ";a\n",
    ';a="\r"',
    ';a="\n"',
    ";a=b ",
):
    wire = b"5" + text.encode("latin-1") + b"\r\nhello\r\n0\r\n\r\n"
    extension.case(f"extension {text!r}", chunked(wire), Refused())
extension.rule("SHOULD", "the length of extensions is limited, with an answer of 4xx")
extension.case("5,000 bytes", chunked(b"5;" + b"a" * 5000 + b"\r\nhello\r\n0\r\n\r\n"), Refused())
extension.case("without end", chunked(b"5;" + b"a" * 5000), Refused())
extension.case(
    "70,000 bytes in many chunks", chunked((b"1;" + b"a" * 997 + b"\r\nx\r\n") * 70), Refused()
)

trailer = Section("9112 7.1.2")
trailer.rule("MUST", "trailers are read, and not merged into the header (RFC 9110, section 6.5.1)")
for name, value in {
    "X-Any": "1",
    "Content-Length": "0",
    "Transfer-Encoding": "gzip",
    "Authorization": "Basic eA==",
    "Cookie": "a=b",
    "Content-Type": "text/html",
    "Content-Encoding": "gzip",
    "Connection": "close",
    "Expect": "more",
    "X-Forwarded-For": "1.2.3.4",
    "Range": "bytes=0-0",
}.items():
    seen = None if name != "Transfer-Encoding" else "chunked"
    trailer.case(
        name,
        chunked(b"5\r\nhello\r\n0\r\n" + f"{name}: {value}\r\n\r\n".encode()),
        Taken("POST", body=b"hello", fields={name: seen}),
    )
trailer.case(
    "Host", chunked(b"0\r\nHost: evil\r\n\r\n"), Taken("POST", host="h", fields={"Host": "h"})
)
trailer.case("two", chunked(b"5\r\nhello\r\n0\r\nA: b\r\nC:\r\n\r\n"), GOT)
trailer.case(
    "named by Trailer",
    chunked(b"5\r\nhello\r\n0\r\nA: b\r\n\r\n", b"Trailer: A"),
    Taken("POST", body=b"hello", fields={"A": None}),
)
trailer.rule("MUST", "a trailer is a field line; another line is refused")
for text in (
    "no colon",
    ": a",
    "A : b",
    "A\t: b",
    " A: b",
    "\tA: b",
    "A: b\r\n c",
    "A: b\x00",
    "A: b\rC: d",
    "A: b\nC: d",
    "A(: b",
    "GET / HTTP/1.1",
    "\xe9: b",
    "A: \x0b",
):
    trailer.case(
        f"line {text!r}", chunked(b"0\r\n" + text.encode("latin-1") + b"\r\n\r\n"), Refused()
    )
trailer.rule("MUST", "more trailers than are wanted are answered with 4xx (RFC 9110, section 5.4)")
trailer.case("65", chunked(b"0\r\n" + b"A: b\r\n" * 65 + b"\r\n"), Refused(431))
trailer.case("one of 5,000 bytes", chunked(b"0\r\nA: " + b"b" * 5000 + b"\r\n\r\n"), Refused())

te = Section("9112 7.4")
te.rule("MUST", "TE is for the connection; what it asks for may be left out")
te.case("trailers", request(b"GET /a HTTP/1.1", b"TE: trailers", b"Connection: TE"), Taken())
te.case("chunked", request(b"GET /a HTTP/1.1", b"TE: chunked", b"Connection: TE"), Taken())
te.case("gzip", request(b"GET /a HTTP/1.1", b"TE: gzip;q=0.5", b"Connection: TE"), Taken())
te.case(
    "TE is no Transfer-Encoding",
    request(POST, b"TE: chunked", b"Content-Length: 5", body=b"hello"),
    GOT,
)

SECTIONS = [coding, length, body, chunk, extension, trailer, te]
