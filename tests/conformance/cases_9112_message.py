"""RFC 9112, sections 2 to 5: lines, versions, targets, Host, fields."""

from __future__ import annotations

from tests.conformance.case import (
    RAW,
    Refused,
    Section,
    Silent,
    Taken,
    chunked,
    fixed,
    request,
)

OK = Taken(path="/a")
SECOND_LINE = b"GET /a HTTP/1.1\r\n"

# --- 2.2 Message Parsing ----------------------------------------------------------------------

parsing = Section("9112 2.2")
parsing.rule("MUST", "a message is octets in a superset of ASCII, not text of another encoding")
parsing.case(
    "bytes above 7F in a value",
    request(SECOND_LINE[:-2], b"X: \xe4\xb8\x8a\x8a\xff"),
    Taken(fields={"X": "\xe4\xb8\x8a\x8a\xff"}),
)
parsing.case(
    "a multi-byte character that ends in LF is a line's end",
    request(SECOND_LINE[:-2], b"X: \xe5\x98\nY: z"),
    Refused(),
)
parsing.rule("MUST", "a bare CR is invalid in every element")
parsing.case("CR in a value", request(SECOND_LINE[:-2], b"X: a\rb"), Refused())
parsing.case("CR at a value's end", request(SECOND_LINE[:-2], b"X: a\r"), Refused())
parsing.case("CR in a name", request(SECOND_LINE[:-2], b"X\rY: a"), Refused())
parsing.case("CR in the target", request(b"GET /a\rb HTTP/1.1"), Refused())
parsing.case("CR for CRLF", b"GET /a HTTP/1.1\rHost: h\r\r\n\r\n", Refused())
parsing.case("CR after the version", request(b"GET /a HTTP/1.1\r"), Refused())
parsing.case("CR that smuggles a field", request(SECOND_LINE[:-2], b"X: a\rTE: b"), Refused())
parsing.rule("MUST", "white space between the first line and the first field is refused")
parsing.case("space", b"GET /a HTTP/1.1\r\n Host: h\r\n\r\n", Refused())
parsing.case("tab", b"GET /a HTTP/1.1\r\n\tHost: h\r\n\r\n", Refused())
parsing.case("a line of white space", b"GET /a HTTP/1.1\r\n \r\nHost: h\r\n\r\n", Refused())
parsing.case(
    "white space before a field", b"GET /a HTTP/1.1\r\n X: y\r\nHost: h\r\n\r\n", Refused()
)
parsing.rule("SHOULD", "an empty line before the request line is ignored")
parsing.case("one CRLF", b"\r\n" + request(), OK)
parsing.case("one CRLF after a body", fixed(b"5", b"hello\r\n"), Taken("POST", body=b"hello"))
parsing.case("three CRLF", b"\r\n\r\n\r\n" + request(), OK)
parsing.case("LF alone", b"\n" + request(), Refused())
parsing.rule("SHOULD", "what does not match the grammar is answered with 400, and closed")
parsing.case("garbage", b"\x00\x01\x02\x03\r\n\r\n", Refused())
parsing.case("TLS on a plain port", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\r\n\r\n", Refused())
parsing.case("a line of spaces", b"   \r\n\r\n", Refused())
parsing.case("no field has a colon", b"GET /a HTTP/1.1\r\nHost h\r\n\r\n", Refused())
parsing.rule("MAY", "a lone LF may end a line")
parsing.case("LF throughout the head", b"GET /a HTTP/1.1\nHost: h\n\n", OK)
parsing.case("LF after the request line only", b"GET /a HTTP/1.1\nHost: h\r\n\r\n", Refused())
parsing.case("LF among CRLF", b"GET /a HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", Refused())
parsing.case("LF CRLF at the end", b"GET /a HTTP/1.1\r\nHost: h\n\r\n", Refused())

# --- 2.3 HTTP Version -------------------------------------------------------------------------

version = Section("9112 2.3")
version.rule("MUST", "HTTP-version is HTTP/ DIGIT . DIGIT, in upper case")
version.case("HTTP/1.1", request(), Taken(version="HTTP/1.1"))
version.case("HTTP/1.0", request(b"GET /a HTTP/1.0"), Taken(version="HTTP/1.0", closes=True))
for text in (
    "http/1.1",
    "Http/1.1",
    "HTTP/1",
    "HTTP/1.",
    "HTTP/.1",
    "HTTP/1.10",
    "HTTP/01.1",
    "HTTP/1.1.1",
    "HTTP/ 1.1",
    "HTTP /1.1",
    "HTTP/1 .1",
    "HTTP/1,1",
    "HTTP-1.1",
    "HTTPS/1.1",
    "HTTP/a.b",
    "HTP/1.1",
    "HTTP/-1.1",
    "HTTP/1.1x",
    "HTTP//1.1",
    "HTTP",
):
    version.case(text, request(b"GET /a " + text.encode()), Refused())
version.rule("SHOULD", "a higher minor version is read as the highest one known")
version.case("HTTP/1.2", request(b"GET /a HTTP/1.2"), Taken(version="HTTP/1.1"))
version.case("HTTP/1.9", request(b"GET /a HTTP/1.9"), Taken(version="HTTP/1.1"))
version.rule("SHOULD", "another major version is answered with 505 (RFC 9110, section 15.6.6)")
version.case("HTTP/0.9", request(b"GET /a HTTP/0.9"), Refused(505))
version.case("HTTP/2.0", request(b"GET /a HTTP/2.0"), Refused(505))
version.case("HTTP/3.0", request(b"GET /a HTTP/3.0"), Refused(505))
version.case("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Refused(505))
version.rule("MUST", "a simple request of HTTP/0.9 is no request")
version.case("no version", b"GET /a\r\n\r\n", Refused())

# --- 3 Request Line ---------------------------------------------------------------------------

line = Section("9112 3")
line.rule("MUST", "method SP target SP version CRLF, with single spaces")
for name, text_ in {
    "two spaces after the method": b"GET  /a HTTP/1.1",
    "two spaces before the version": b"GET /a  HTTP/1.1",
    "space before the method": b" GET /a HTTP/1.1",
    "space after the version": b"GET /a HTTP/1.1 ",
    "tab after the method": b"GET\t/a HTTP/1.1",
    "tab before the version": b"GET /a\tHTTP/1.1",
    "vertical tab": b"GET\x0b/a HTTP/1.1",
    "form feed": b"GET /a\x0cHTTP/1.1",
    "space in the target": b"GET /a b HTTP/1.1",
    "no target": b"GET HTTP/1.1",
    "empty target": b"GET  HTTP/1.1",
    "method alone": b"GET",
    "NUL in the target": b"GET /a\x00 HTTP/1.1",
    "DEL in the target": b"GET /a\x7f HTTP/1.1",
    "ESC in the target": b"GET /\x1b[2J HTTP/1.1",
    "tab in the target": b"GET /a\tb HTTP/1.1",
}.items():
    line.case(name, request(text_), Refused())
line.rule("MUST", "a method is a token")
for name, text_ in {
    "parenthesis": b"G(T",
    "quote": b'"GET"',
    "colon": b"GET:",
    "slash": b"G/T",
    "brackets": b"[GET]",
    "NUL": b"GET\x00",
    "above 7F": b"G\xc3\x89T",
    "none": b"",
}.items():
    line.case("method with " + name, request(text_ + b" /a HTTP/1.1"), Refused())
line.rule("MUST", "methods are case-sensitive (RFC 9110, section 9.1)")
line.case("lower case", request(b"get /a HTTP/1.1"), Taken("get"))
line.case(
    "all token characters",
    request(b"!#$%&'*+-.^_`|~0aZ /a HTTP/1.1"),
    Taken("!#$%&'*+-.^_`|~0aZ"),
    RAW,
)
line.rule("MUST", "a target that is too long is answered with 414")
line.case("target of 20,000", request(b"GET /" + b"a" * 20_000 + b" HTTP/1.1"), Refused(414))
line.case("target without end", b"GET /" + b"a" * 20_000, Refused(414))
line.rule("SHOULD", "request lines of 8,000 octets are taken")
line.case("target of 8,000", request(b"GET /" + b"a" * 8_000 + b" HTTP/1.1"), Taken())
line.rule("SHOULD", "an invalid request line is answered with 400, and not corrected")
line.case(
    "bytes above 7F in the target",
    request(b"GET /\xc3\xa9 HTTP/1.1"),
    Taken(path="/\xc3\xa9"),
    differs="Tornado takes them, and clients (curl among them) send URLs as they were typed. "
    "They are kept as they are, one character each.",
)
line.case(
    "characters that URIs do not have",
    request(b'GET /a|b^c{}"<>`\\ HTTP/1.1'),
    Taken(target='/a|b^c{}"<>`\\'),
    differs="Tornado takes them, and browsers leave some of them unescaped in queries. They "
    "are kept as they are and never read as separators.",
)
line.case(
    "a fragment",
    request(b"GET /a?b#c HTTP/1.1"),
    Taken(path="/a", query="b#c"),
    differs="As above: Tornado takes the sign for a character like others, and programs' suites "
    "(jupyter-server-proxy) send it.",
)

# --- 3.2 Request Target -----------------------------------------------------------------------

target = Section("9112 3.2")
target.rule("MUST", "HTTP/1.1 without Host is answered with 400")
target.case("no Host", request(host=None), Refused())
target.case("no Host, but fields", request(SECOND_LINE[:-2], b"X: y", host=None), Refused())
target.case("no Host with HTTP/1.2", request(b"GET /a HTTP/1.2", host=None), Refused())
target.case("no Host beside a URL", request(b"GET http://h/a HTTP/1.1", host=None), Refused())
target.case("no Host beside OPTIONS *", request(b"OPTIONS * HTTP/1.1", host=None), Refused())
target.case(
    "a name that only looks like it", request(host=None, line=SECOND_LINE + b"Hosts: h"), Refused()
)
target.rule("MUST", "more than one Host is answered with 400")
target.case("two, equal", request(SECOND_LINE[:-2], b"Host: h"), Refused())
target.case("two, unequal", request(SECOND_LINE[:-2], b"Host: g"), Refused())
target.case("two, spelled differently", request(SECOND_LINE[:-2], b"hOST: h"), Refused())
target.case("two, one of them empty", request(SECOND_LINE[:-2], b"Host:"), Refused())
target.case("two with HTTP/1.0", request(b"GET /a HTTP/1.0", b"Host: h"), Refused())
target.case("three", request(SECOND_LINE[:-2], b"Host: h", b"Host: h"), Refused())
target.rule("MUST", "a Host that is none is answered with 400")
for host in (
    b"u@h",
    b"u:p@h",
    b"h/a",
    b"h?a",
    b"h#a",
    b"a b",
    b"a\tb",
    b"a,b",
    b"a, b",
    b"h:x",
    b"h:8x",
    b"h:-1",
    b"h:+1",
    b"h:65536",
    b"h:999999",
    b"h:80:80",
    b"h: 80",
    b"h :80",
    b"[::1",
    b"::1",
    b"[]",
    b"[::1]x",
    b"[::1%eth0]",
    b"[g::1]",
    b"[::1]:x",
    b"h\\a",
    b"<h>",
    b'"h"',
    b"http://h",
    b"h%",
    b"h%zz",
    b"h%00%",
    b"\xc3\xa9",
    b"h^",
    b"{h}",
    b"h|g",
    b"h\x00",
    b"h\x7f",
):
    target.case(f"Host {host!r}", request(host=host), Refused())
target.case("Host u@h with HTTP/1.0", request(b"GET /a HTTP/1.0", host=b"u@h"), Refused())
target.rule("MUST", "a Host that is one is taken")
for host in (
    b"h",
    b"H.Example",
    b"h:80",
    b"h:",
    b"h:65535",
    b"h:00080",
    b"127.0.0.1:1",
    b"[::1]",
    b"[::1]:80",
    b"[::ffff:1.2.3.4]",
    b"a_b",
    b"h.",
    b"a%41",
    b"a!$&'()*+;=~",
    b"xn--bcher-kva.example",
):
    target.case(f"Host {host!r}", request(host=host), Taken(host=host.decode()))
target.case("white space around", request(host=b" \t h \t "), Taken(host="h"))
target.case("HTTP/1.0 needs none", request(b"GET /a HTTP/1.0", host=None), Taken(closes=True))
target.rule("MUST", "the Host of an http URL is not empty (RFC 9110, section 4.2.1)")
target.case("empty", request(host=b""), Refused())
target.case("white space alone", request(host=b"  "), Refused())
target.case("a port alone", request(host=b":80"), Refused())
target.case(
    "HTTP/1.0 may leave it empty", request(b"GET /a HTTP/1.0", host=b""), Taken(closes=True)
)

origin = Section("9112 3.2.1")
origin.rule("MUST", "origin-form: an absolute path, perhaps with a query")
origin.case("path", request(b"GET /a/b;c=d HTTP/1.1"), Taken(path="/a/b;c=d", query=""))
origin.case("query", request(b"GET /a?b=c?d HTTP/1.1"), Taken(path="/a", query="b=c?d"))
origin.case("empty query", request(b"GET /a? HTTP/1.1"), Taken(target="/a?", path="/a"))
origin.case(
    "two slashes name no host", request(b"GET //g/a HTTP/1.1"), Taken(path="//g/a", host="h")
)
origin.case("escapes are kept", request(b"GET /%2e%00%0d%0a HTTP/1.1"), Taken(path="/%2e%00%0d%0a"))
origin.case("no slash", request(b"GET a HTTP/1.1"), Refused())
origin.case("query alone", request(b"GET ?a HTTP/1.1"), Refused())
origin.case("fragment alone", request(b"GET # HTTP/1.1"), Refused())
origin.case("dots", request(b"GET ../a HTTP/1.1"), Refused())
origin.case("backslash first", request(b"GET \\a HTTP/1.1"), Refused())

absolute = Section("9112 3.2.2")
absolute.rule("MUST", "a server takes the absolute-form")
absolute.case("path and query", request(b"GET http://h/a?b HTTP/1.1"), Taken(path="/a", query="b"))
absolute.case("no path", request(b"GET http://h HTTP/1.1"), Taken(path="/"))
absolute.case("query without path", request(b"GET http://h?b HTTP/1.1"), Taken(path="/", query="b"))
absolute.case("scheme in upper case", request(b"GET HTTP://h/a HTTP/1.1"), OK)
absolute.case("IPv6 and port", request(b"GET http://[::1]:80/a HTTP/1.1"), Taken(host="[::1]:80"))
absolute.rule("MUST", "the Host field is ignored beside an absolute-form")
absolute.case("another Host", request(b"GET http://g:1/a HTTP/1.1"), Taken(host="g:1", path="/a"))
absolute.rule("MUST", "an http URL with an empty host is invalid (RFC 9110, section 4.2.1)")
absolute.case("empty host", request(b"GET http:///a HTTP/1.1"), Refused())
absolute.case("nothing", request(b"GET http:// HTTP/1.1"), Refused())
absolute.case("port alone", request(b"GET http://:80/a HTTP/1.1"), Refused())
absolute.case("one slash", request(b"GET http:/h/a HTTP/1.1"), Refused())
absolute.case("bad host", request(b"GET http://a,b/ HTTP/1.1"), Refused())
absolute.case("bad port", request(b"GET http://h:x/ HTTP/1.1"), Refused())
absolute.case("backslash in the authority", request(b"GET http://h\\@g/ HTTP/1.1"), Refused())
absolute.rule("SHOULD", "user information is an error (RFC 9110, section 4.2.4)")
absolute.case("user", request(b"GET http://u@h/a HTTP/1.1"), Refused())
absolute.case("user and password", request(b"GET http://u:p@h/a HTTP/1.1"), Refused())
absolute.case("empty user", request(b"GET http://@h/a HTTP/1.1"), Refused())
absolute.rule("MUST", "what its scheme does not allow here is refused (RFC 9110, section 7.4)")
absolute.case("https without TLS", request(b"GET https://h/a HTTP/1.1"), Refused(421))
absolute.case("ftp", request(b"GET ftp://h/a HTTP/1.1"), Refused())
absolute.case("file", request(b"GET file:///etc/passwd HTTP/1.1"), Refused())
absolute.case("javascript", request(b"GET javascript:a HTTP/1.1"), Refused())

authority = Section("9112 3.2.3")
authority.rule("MUST", "authority-form is for CONNECT alone, and CONNECT takes no other")
authority.case(
    "CONNECT", request(b"CONNECT h:443 HTTP/1.1"), Taken("CONNECT", "h:443", closes=True)
)
authority.case("CONNECT IPv6", request(b"CONNECT [::1]:1 HTTP/1.1"), Taken("CONNECT", closes=True))
authority.case("GET", request(b"GET h:443 HTTP/1.1"), Refused())
authority.case("POST", request(b"POST h:443 HTTP/1.1"), Refused())
authority.case("CONNECT to a path", request(b"CONNECT /a HTTP/1.1"), Refused())
authority.case("CONNECT to a URL", request(b"CONNECT http://h:1/ HTTP/1.1"), Refused())
authority.case("CONNECT to *", request(b"CONNECT * HTTP/1.1"), Refused())
authority.case("CONNECT with a user", request(b"CONNECT u@h:1 HTTP/1.1"), Refused())
authority.rule("MUST", "an empty or invalid port is refused (RFC 9110, section 9.3.6)")
for wanted in (b"h", b"h:", b":443", b"h:0", b"h:65536", b"h:x", b"[::1]", b"h:-1"):
    authority.case(
        f"CONNECT {wanted.decode()}", request(b"CONNECT " + wanted + b" HTTP/1.1"), Refused()
    )

asterisk = Section("9112 3.2.4")
asterisk.rule("MUST", "asterisk-form is for OPTIONS alone")
asterisk.case("OPTIONS", request(b"OPTIONS * HTTP/1.1"), Taken("OPTIONS", "*", "*"))
for method in (b"GET", b"HEAD", b"POST", b"DELETE", b"TRACE"):
    asterisk.case(method.decode(), request(method + b" * HTTP/1.1"), Refused())
asterisk.case("a star and more", request(b"OPTIONS *a HTTP/1.1"), Refused())
asterisk.case("two stars", request(b"OPTIONS ** HTTP/1.1"), Refused())

# --- 5 Field Syntax ---------------------------------------------------------------------------

syntax = Section("9112 5")
syntax.rule("MUST", "a field line is name, colon, value")
syntax.case("no colon", request(SECOND_LINE[:-2], b"no colon"), Refused())
syntax.case("empty name", request(SECOND_LINE[:-2], b": a"), Refused())
syntax.case("a second request line", request(SECOND_LINE[:-2], b"GET /b HTTP/1.1"), Refused())
syntax.case("empty value", request(SECOND_LINE[:-2], b"X:"), Taken(fields={"X": ""}))
syntax.case("colon in the value", request(SECOND_LINE[:-2], b"X:a:b"), Taken(fields={"X": "a:b"}))
syntax.rule("MUST", "a field name is a token (RFC 9110, section 5.1)")
for token in (
    b"X(",
    b"[X]",
    b"X Y",
    b'"X"',
    b"X@",
    b"X/",
    b"X=",
    b"X,",
    b"X;",
    b"X?",
    b"{X}",
    b"X\\",
    b"X\x00",
    b"X\x7f",
    b"X\x0b",
    b"X\tY",
    b"\xc3\xa9",
    b"X\xa0",
):
    syntax.case(f"name {token!r}", request(SECOND_LINE[:-2], token + b": a"), Refused())
syntax.case("all token characters", request(SECOND_LINE[:-2], b"!#$%&'*+-.^_`|~0aZ: b"), OK)
syntax.case(
    "names ignore case", request(SECOND_LINE[:-2], b"x-FoO: a"), Taken(fields={"X-Foo": "a"})
)
syntax.case(
    "an underscore is no hyphen",
    request(b"POST /a HTTP/1.1", b"Content_Length: 5", b"Transfer_Encoding: chunked"),
    Taken("POST"),
)

colon = Section("9112 5.1")
colon.rule("MUST", "white space between name and colon is answered with 400")
colon.case("space", request(SECOND_LINE[:-2], b"X : a"), Refused())
colon.case("tab", request(SECOND_LINE[:-2], b"X\t: a"), Refused())
colon.case("Host", b"GET /a HTTP/1.1\r\nHost : h\r\n\r\n", Refused())
colon.case(
    "Content-Length", request(b"POST /a HTTP/1.1", b"Content-Length : 5", body=b"hello"), Refused()
)
colon.case(
    "Transfer-Encoding",
    request(b"POST /a HTTP/1.1", b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
    Refused(),
)
colon.case("HTTP/1.0", request(b"GET /a HTTP/1.0", b"X : a"), Refused())
colon.rule("MUST", "white space around a value is not part of it (RFC 9110, section 5.5)")
colon.case("none", request(SECOND_LINE[:-2], b"X:a"), Taken(fields={"X": "a"}))
colon.case(
    "spaces and tabs", request(SECOND_LINE[:-2], b"X: \t a b\t \t"), Taken(fields={"X": "a b"})
)
colon.case("white space alone", request(SECOND_LINE[:-2], b"X: \t "), Taken(fields={"X": ""}))
colon.case(
    "no-break space is not white space",
    request(SECOND_LINE[:-2], b"X: \xa0a\x85"),
    Taken(fields={"X": "\xa0a\x85"}),
)

fold = Section("9112 5.2")
fold.rule("MUST", "obs-fold is refused with 400, or made a space: here it is refused")
fold.case("space", request(SECOND_LINE[:-2], b"X: a\r\n b"), Refused())
fold.case("tab", request(SECOND_LINE[:-2], b"X: a\r\n\tb"), Refused())
fold.case("Host", b"GET /a HTTP/1.1\r\nHost:\r\n h\r\n\r\n", Refused())
fold.case("last line", request(SECOND_LINE[:-2], b"X: a\r\n "), Refused())
fold.case(
    "Transfer-Encoding",
    request(b"POST /a HTTP/1.1", b"Transfer-Encoding:\r\n chunked", body=b"0\r\n\r\n"),
    Refused(),
)
fold.case(
    "Content-Length",
    request(b"POST /a HTTP/1.1", b"Content-Length:\r\n 5", body=b"hello"),
    Refused(),
)
fold.case("LF throughout", b"GET /a HTTP/1.1\nHost: h\nX: a\n b\n\n", Refused())

# --- 8 Incomplete Messages --------------------------------------------------------------------

incomplete = Section("9112 8")
incomplete.rule("MUST", "a request that ends before its head does is none")
incomplete.case("half a line", b"GET /a HT", Silent())
incomplete.case("no empty line", b"GET /a HTTP/1.1\r\nHost: h\r\n", Silent())
incomplete.case("nothing", b"\r\n", Silent())
incomplete.rule("MUST", "a body that ends before its length is incomplete: closed, not taken")
incomplete.case("one byte short", fixed(b"6"), Silent())
incomplete.case("no byte", fixed(b"6", b""), Silent())
incomplete.case("most of it missing", fixed(b"999999"), Silent())
incomplete.rule("MUST", "a chunked body without its last chunk is incomplete")
incomplete.case("no last chunk", chunked(b"5\r\nhello\r\n"), Silent())
incomplete.case("half a chunk", chunked(b"5\r\nhel"), Silent())
incomplete.case("half a size line", chunked(b"5"), Silent())
incomplete.case("no empty line after it", chunked(b"5\r\nhello\r\n0\r\n"), Silent())
incomplete.case("half an empty line", chunked(b"5\r\nhello\r\n0\r\n\r"), Silent())
incomplete.case("trailers without end", chunked(b"0\r\nX: y\r\n"), Silent())

SECTIONS = [
    parsing,
    version,
    line,
    target,
    origin,
    absolute,
    authority,
    asterisk,
    syntax,
    colon,
    fold,
    incomplete,
]
