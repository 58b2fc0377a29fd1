"""Every limit on what a peer, or a program's own mistake, can make whirlwind do.

Layer: base. Standard library only.

Each limit is checked before the memory is taken. One that a program may want to change has a
setting; the others are constants of a protocol. ``TABLE`` holds them all: the documentation is
generated from it, and a test holds that each name is used.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Limit(NamedTuple):
    """One row of the table.

    Attributes:
        name: The constant's name in this module.
        value: The limit, in ``unit``.
        unit: What is counted: ``"bytes"``, ``"seconds"``, ``"headers"`` …
        setting: The argument or settings key that changes it; None if nothing does.
        origin: Where the number comes from: a standard, Tornado's default, a measurement.
    """

    name: str
    value: float
    unit: str
    setting: str | None
    origin: str


TABLE: Final[dict[str, Limit]] = {}


def _limit(name: str, value: int, unit: str, *, setting: str | None, origin: str) -> int:
    TABLE[name] = Limit(name, value, unit, setting, origin)
    return value


# --- the engine -------------------------------------------------------------------------------

MAX_RESUMPTIONS: Final = _limit(
    "MAX_RESUMPTIONS",
    1000,
    "resumptions in one turn of the loop",
    setting=None,
    origin="some tenths of a millisecond between two looks at the sockets, at 0.1 to 0.7 µs each",
)
MAX_EAGER_DEPTH: Final = _limit(
    "MAX_EAGER_DEPTH",
    3000,
    "coroutines started inside one another before the first of them waits",
    setting=None,
    origin="measured: they fit a C stack of 4 MiB and not one of 3; Linux threads have 8",
)

# --- HTTP messages, both sides ----------------------------------------------------------------

MAX_HEADER_SIZE: Final = _limit(
    "MAX_HEADER_SIZE",
    65_536,
    "bytes in a start line and its header fields",
    setting="max_header_size",
    origin="Tornado's default",
)
MAX_HEADER_COUNT: Final = _limit(
    "MAX_HEADER_COUNT",
    256,
    "header fields in one message",
    setting=None,
    origin="browsers send about 20, proxies add about 20",
)
MAX_HEADER_NAMES: Final = _limit(
    "MAX_HEADER_NAMES",
    2048,
    "header names whose spelling is remembered",
    setting=None,
    origin="about 250 KB; the registry of names holds some 250",
)
MAX_BODY_SIZE: Final = _limit(
    "MAX_BODY_SIZE",
    104_857_600,
    "bytes in one body, after decompression as well as before",
    setting="max_body_size",
    origin="Tornado's default",
)
BODY_CHUNK_SIZE: Final = _limit(
    "BODY_CHUNK_SIZE",
    65_536,
    "bytes of a body handed on at once",
    setting="chunk_size",
    origin="Tornado's default",
)
MAX_TRAILER_COUNT: Final = _limit(
    "MAX_TRAILER_COUNT",
    64,
    "trailer fields after a chunked body",
    setting=None,
    origin="gRPC, their heaviest user, sends 3",
)
MAX_CHUNK_EXTENSION: Final = _limit(
    "MAX_CHUNK_EXTENSION",
    4096,
    "bytes in one chunk-size line",
    setting=None,
    origin="no known sender uses more than 80",
)
MAX_CHUNK_EXTENSIONS: Final = _limit(
    "MAX_CHUNK_EXTENSIONS",
    65_536,
    "bytes of extensions in all chunk-size lines of one body",
    setting=None,
    origin="senders use none, or one for each of some hundred chunks; Node accepts 16 KiB",
)
CHUNKS_AT_ONCE: Final = _limit(
    "CHUNKS_AT_ONCE",
    500,
    "chunks of one body decoded before other connections get a turn",
    setting=None,
    origin="about 1 ms; ordinary chunks are of kilobytes, some dozens in one read",
)
INFLATED_AT_ONCE: Final = _limit(
    "INFLATED_AT_ONCE",
    262_144,
    "bytes of one body decompressed before other connections get a turn",
    setting=None,
    origin="about 1 ms of zlib",
)
MAX_LOGGED_TEXT: Final = _limit(
    "MAX_LOGGED_TEXT",
    1024,
    "characters of what a peer sent that go into one log line",
    setting=None,
    origin="nearly all URLs are shorter; log collectors cut lines at 8 to 32 KiB",
)
MAX_INFORMATIONAL: Final = _limit(
    "MAX_INFORMATIONAL",
    10,
    "1xx responses before the final one",
    setting=None,
    origin="Tornado's default",
)
IDLE_CONNECTION_TIMEOUT: Final = _limit(
    "IDLE_CONNECTION_TIMEOUT",
    3600,
    "seconds between requests of a keep-alive connection",
    setting="idle_connection_timeout",
    origin="Tornado's default",
)
HEADER_TIMEOUT: Final = _limit(
    "HEADER_TIMEOUT",
    60,
    "seconds from a request's first byte to the end of its header",
    setting=None,
    origin="nginx's client_header_timeout",
)
SHUTDOWN_TIMEOUT: Final = _limit(
    "SHUTDOWN_TIMEOUT",
    30,
    "seconds that requests in progress get to finish when a server stops",
    setting="whirlwind serve --grace",
    origin="the grace period of container schedulers",
)

SEND_TIMEOUT: Final = _limit(
    "SEND_TIMEOUT",
    60,
    "seconds in which a client takes nothing of an answer or a WebSocket message that waits for it",
    setting=None,
    origin="nginx's send_timeout",
)
LINGER_SIZE: Final = _limit(
    "LINGER_SIZE",
    1_048_576,
    "bytes thrown away of a request that was answered before it was read",
    setting=None,
    origin="what a client may have sent before it sees the answer",
)
LINGER_TIMEOUT: Final = _limit(
    "LINGER_TIMEOUT",
    5,
    "seconds that such a client gets to close its side",
    setting=None,
    origin="nginx's lingering_timeout",
)
TLS_SHUTDOWN_TIMEOUT: Final = _limit(
    "TLS_SHUTDOWN_TIMEOUT",
    1,
    "seconds that a peer gets to answer the end of a TLS connection, before it is closed",
    setting=None,
    origin="RFC 8446, section 6.1, asks nobody to wait; clients with idle pools never answer",
)
MAX_REMEMBERED_HEADS: Final = _limit(
    "MAX_REMEMBERED_HEADS",
    512,
    "request heads, and as many header blocks, that a server remembers",
    setting=None,
    origin="at most 1 MiB of each, at 2 KiB for the largest that is remembered",
)

MAX_REMEMBERED_LINES: Final = _limit(
    "MAX_REMEMBERED_LINES",
    1024,
    "header lines of up to 256 bytes that a server remembers taken apart",
    setting=None,
    origin="about 0.5 MB; a browser sends some 15",
)

# --- HTTP forms, cookies ----------------------------------------------------------------------

MAX_MULTIPART_PARTS: Final = _limit(
    "MAX_MULTIPART_PARTS",
    100,
    "parts in one multipart body",
    setting="ParseMultipartConfig.max_parts",
    origin="Tornado's default",
)
MAX_PART_HEADER_SIZE: Final = _limit(
    "MAX_PART_HEADER_SIZE",
    10_240,
    "bytes in the header of one part",
    setting="ParseMultipartConfig.max_part_header_size",
    origin="Tornado's default",
)
MAX_BOUNDARY_SIZE: Final = _limit(
    "MAX_BOUNDARY_SIZE",
    70,
    "bytes in the boundary of a multipart body that is read as it comes",
    setting=None,
    origin="RFC 2046, section 5.1.1",
)
MAX_FIELD_SIZE: Final = _limit(
    "MAX_FIELD_SIZE",
    1_048_576,
    "bytes of a part that is no file, in a multipart body that is read as it comes",
    setting="max_field_size",
    origin="Starlette's default",
)
MAX_ARGUMENTS: Final = _limit(
    "MAX_ARGUMENTS",
    1000,
    "arguments in a query string or an urlencoded body",
    setting="ParseUrlEncodedConfig.max_arguments",
    origin="Tornado's default",
)

PING_INTERVAL: Final = _limit(
    "PING_INTERVAL",
    15,
    "seconds without an event after which an event stream sends a comment",
    setting="event_stream(ping_interval=…)",
    origin="WHATWG HTML, section 9.2.7",
)

LOGIN_TIME: Final = _limit(
    "LOGIN_TIME",
    900,
    "seconds that a user gets at a provider of OAuth 2 before the login's state is forgotten",
    setting=None,
    origin="time for a password, a second factor and a question of consent",
)

# --- static files -----------------------------------------------------------------------------

WHOLE_FILE_SIZE: Final = _limit(
    "WHOLE_FILE_SIZE",
    65_536,
    "bytes of a file that are read at once, to go out with the head",
    setting=None,
    origin="some 10 µs of reading; what the loop's transports take before they hold writers back",
)
FILE_PIECE_SIZE: Final = _limit(
    "FILE_PIECE_SIZE",
    262_144,
    "bytes of a file in memory at once, where sendfile cannot be used",
    setting=None,
    origin="a turn in a thread costs about 0.1 ms, 64 KiB at a time would be mostly that",
)
MAX_CACHED_VERSIONS: Final = _limit(
    "MAX_CACHED_VERSIONS",
    10_000,
    "static files whose version is remembered",
    setting="StaticFileHandler.MAX_CACHED_VERSIONS",
    origin="Tornado's default",
)
MAX_VERSION_CONTENT_SIZE: Final = _limit(
    "MAX_VERSION_CONTENT_SIZE",
    67_108_864,
    "bytes of a static file that is read for its version",
    setting="StaticFileHandler.MAX_VERSION_CONTENT_SIZE",
    origin="Tornado's default",
)

# --- HTTP client ------------------------------------------------------------------------------

MAX_CLIENTS: Final = _limit(
    "MAX_CLIENTS",
    10,
    "requests in progress in one AsyncHTTPClient",
    setting="max_clients",
    origin="Tornado's default",
)
MAX_REDIRECTS: Final = _limit(
    "MAX_REDIRECTS",
    5,
    "redirects followed by one fetch",
    setting="max_redirects",
    origin="Tornado's default",
)
CONNECT_TIMEOUT: Final = _limit(
    "CONNECT_TIMEOUT",
    20,
    "seconds to open a connection",
    setting="connect_timeout",
    origin="Tornado's default",
)
REQUEST_TIMEOUT: Final = _limit(
    "REQUEST_TIMEOUT",
    20,
    "seconds for a whole fetch",
    setting="request_timeout",
    origin="Tornado's default",
)
POOL_IDLE_TIMEOUT: Final = _limit(
    "POOL_IDLE_TIMEOUT",
    60,
    "seconds that an unused connection stays in the client's pool",
    setting="idle_connection_timeout",
    origin="below the 65 to 75 seconds after which common servers close",
)
MAX_TARGETS: Final = _limit(
    "MAX_TARGETS",
    512,
    "URLs of up to 512 characters that the client remembers taken apart",
    setting=None,
    origin="about 0.5 MB",
)
MAX_REDIRECT_BODY: Final = _limit(
    "MAX_REDIRECT_BODY",
    65_536,
    "bytes read of a redirect's body, so that its connection can be used again",
    setting=None,
    origin="cheaper than a new connection up to about here",
)
MAX_REMEMBERED_RESPONSES: Final = _limit(
    "MAX_REMEMBERED_RESPONSES",
    256,
    "heads of responses that HTTP clients remember",
    setting=None,
    origin="at most 1 MiB, at 2 KiB for the largest that is remembered",
)
MAX_DIGEST_SESSIONS: Final = _limit(
    "MAX_DIGEST_SESSIONS",
    64,
    "challenges of digest authentication that one client remembers",
    setting=None,
    origin="about 50 KB; one for each server, or proxy, and user",
)
MAX_CURL_HEADER_SIZE: Final = _limit(
    "MAX_CURL_HEADER_SIZE",
    307_200,
    "bytes in the header of one response, in the client on libcurl",
    setting=None,
    origin="libcurl's own since 8.3",
)
MAX_CURL_BUFFER: Final = _limit(
    "MAX_CURL_BUFFER",
    1_048_576,
    "bytes of a body that wait for a streaming_callback, in the client on libcurl",
    setting=None,
    origin="Tornado's default",
)
MAX_POOL_IDLE: Final = _limit(
    "MAX_POOL_IDLE",
    100,
    "unused connections in the client's pool, all hosts together",
    setting="max_idle_connections",
    origin="a tenth of the descriptors that a process gets by default",
)

TRUSTED_AFTER: Final = _limit(
    "TRUSTED_AFTER",
    100,
    "milliseconds unused after which a connection counts as one that its server keeps",
    setting=None,
    origin="a server that closes after its answer does so in a few milliseconds",
)
MAX_TRUSTED: Final = _limit(
    "MAX_TRUSTED",
    512,
    "destinations of which the client remembers that they keep connections",
    setting=None,
    origin="as many as there are URLs remembered",
)

# --- WebSockets ------------------------------------------------------------------------------

MAX_MESSAGE_SIZE: Final = _limit(
    "MAX_MESSAGE_SIZE",
    10_485_760,
    "bytes in one WebSocket message, decompressed",
    setting="websocket_max_message_size",
    origin="Tornado's default",
)
MAX_WEBSOCKET_OFFERS: Final = _limit(
    "MAX_WEBSOCKET_OFFERS",
    32,
    "extensions in one WebSocket handshake",
    setting=None,
    origin="browsers offer 1; some libraries the same one with several sets of parameters",
)
MAX_WEBSOCKET_TURN: Final = _limit(
    "MAX_WEBSOCKET_TURN",
    256,
    "frames of one WebSocket taken in one turn of the loop",
    setting=None,
    origin="Tornado's default; some tenths of a millisecond with a handler that does little",
)
MAX_WEBSOCKET_TURN_SIZE: Final = _limit(
    "MAX_WEBSOCKET_TURN_SIZE",
    262_144,
    "bytes in messages of one WebSocket taken in one turn of the loop, decompressed",
    setting=None,
    origin="Tornado's default; bounds what waits for a slow handler",
)
WEBSOCKET_CLOSE_TIMEOUT: Final = _limit(
    "WEBSOCKET_CLOSE_TIMEOUT",
    5,
    "seconds that a peer gets to answer a close frame and close its side",
    setting=None,
    origin="Tornado's default",
)

# --- streams, TCP -----------------------------------------------------------------------------

MAX_BUFFER_SIZE: Final = _limit(
    "MAX_BUFFER_SIZE",
    104_857_600,
    "bytes read ahead of the program, or waiting to be written, on one stream",
    setting="max_buffer_size",
    origin="Tornado's default",
)
READ_CHUNK_SIZE: Final = _limit(
    "READ_CHUNK_SIZE",
    65_536,
    "bytes asked of a socket at once",
    setting="read_chunk_size",
    origin="Tornado's default",
)
MAX_STREAM_TURN: Final = _limit(
    "MAX_STREAM_TURN",
    1_048_576,
    "bytes that one stream moves each way in one turn of the loop",
    setting=None,
    origin="about 0.3 ms over loopback; a fast peer must not starve the others",
)
CHUNK_COST: Final = _limit(
    "CHUNK_COST",
    4096,
    "bytes of MAX_STREAM_TURN that one chunk of a chunked body counts for",
    setting=None,
    origin="256 chunks take about as long as 1 MiB in one",
)
BACKLOG: Final = _limit(
    "BACKLOG",
    128,
    "connections that the kernel holds until they are accepted",
    setting="backlog",
    origin="Tornado's default",
)
LONGEST_BACKLOG: Final = _limit(
    "LONGEST_BACKLOG",
    4096,
    "connections that the kernel holds for an HTTP server, if the system allows as many",
    setting=None,
    origin="Linux's own limit, net.core.somaxconn",
)
ACCEPT_PAUSE: Final = _limit(
    "ACCEPT_PAUSE",
    1,
    "seconds without accepting after the process ran out of descriptors",
    setting=None,
    origin="asyncio's servers do the same",
)
