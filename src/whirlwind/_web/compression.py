"""Answers compressed with gzip for clients that take it.

Layer: web. Imports from ``_http``, ``_proto`` and within ``_web``.
"""

from __future__ import annotations

import zlib
from typing import ClassVar, Final

from whirlwind._base.late_pattern import late_pattern
from whirlwind._http.messages import HTTPServerRequest
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.status import has_no_body
from whirlwind._web.transforms import OutputTransform

_GZIP: Final = frozenset({"gzip", "x-gzip"})
_ZERO: Final = late_pattern(r"q[ \t]*=[ \t]*0(?:\.0{0,3})?")
# zlib writes gzip's header and checksum by itself with this number of bits, and no time of day:
# the same content gives the same bytes.
_WINDOW_BITS: Final = 16 + zlib.MAX_WBITS


def accepts_gzip(accept_encoding: str) -> bool:
    """True if a client takes gzip: it names it, and not with a quality of 0.

    ``*`` does not count: those who send it alone often mean "whatever", and cannot decode it.

    Source: RFC 9110, section 12.5.3.
    """
    for coding in accept_encoding.lower().split(","):
        name, _, parameters = coding.partition(";")
        if name.strip(" \t") in _GZIP:
            return _ZERO().fullmatch(parameters.strip(" \t")) is None
    return False


class GZipContentEncoding(OutputTransform):
    """Compresses answers with gzip; setting ``compress_response`` has it for all of them.

    Compressed are text of any kind and ``CONTENT_TYPES``, unless the handler has set a
    Content-Encoding, answers with a part of something, or says ``Cache-Control: no-transform``, as
    event streams do. An answer that is written at once is compressed from ``MIN_LENGTH`` bytes on;
    one that is flushed piece by piece always, so that each piece can be read when it arrives.

    What is compressed here has a weak Etag: it is not byte for byte what the handler names by a
    strong one, and a client must not put parts of both together.

    Attributes:
        CONTENT_TYPES: Media types to compress, beside ``text/*``.
        GZIP_LEVEL: 1 (fast) to 9 (small).
        MIN_LENGTH: Shortest body that is compressed, in bytes; below, the gain is in one packet.

    Source: RFC 9110, sections 8.4 (coding), 8.8.1 (validators), 12.5.5 (Vary).
    """

    CONTENT_TYPES: ClassVar[set[str]] = {
        "application/javascript",
        "application/x-javascript",
        "application/xml",
        "application/atom+xml",
        "application/json",
        "application/xhtml+xml",
        "image/svg+xml",
    }
    GZIP_LEVEL = 6
    MIN_LENGTH = 1024

    def __init__(self, request: HTTPServerRequest) -> None:
        super().__init__(request)
        self._gzipping = accepts_gzip(request.headers.get("Accept-Encoding", ""))
        self._head_only = request.method == "HEAD"
        self._compressor: zlib._Compress | None = None

    def _compressible_type(self, ctype: str) -> bool:
        ctype = ctype.lower()
        return ctype.startswith("text/") or ctype in self.CONTENT_TYPES

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        _add_vary(headers)
        if not self._gzipping:
            return status_code, headers, chunk
        # A handler that announced what it has just written is done, even if it does not say so:
        # then the answer has a length. MIN_LENGTH does not hold for it, as in Tornado, where
        # whatever is flushed is compressed.
        whole = finishing or headers.get("Content-Length") == str(len(chunk))
        if finishing:
            worth = len(chunk) >= self.MIN_LENGTH
        else:
            worth = bool(chunk) or not (whole or self._head_only)
        self._gzipping = (
            worth
            and self._compressible_type(headers.get("Content-Type", "").partition(";")[0].strip())
            and "Content-Encoding" not in headers
            and "Content-Range" not in headers
            and "no-transform" not in headers.get("Cache-Control", "").lower()
            and not has_no_body(status_code)
        )
        if not self._gzipping:
            return status_code, headers, chunk
        headers["Content-Encoding"] = "gzip"
        etag = headers.get("Etag", "")
        if etag.startswith('"'):
            headers["Etag"] = f"W/{etag}"
        self._compressor = zlib.compressobj(self.GZIP_LEVEL, zlib.DEFLATED, _WINDOW_BITS)
        chunk = self.transform_chunk(chunk, whole)
        if "Content-Length" in headers:
            if whole:
                headers["Content-Length"] = str(len(chunk))
            else:
                del headers["Content-Length"]
        return status_code, headers, chunk

    def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:
        compressor = self._compressor
        if compressor is None:
            # Not compressed; or complete already, and this is the end that carries nothing.
            return chunk
        chunk = compressor.compress(chunk)
        if finishing:
            self._compressor = None
            return chunk + compressor.flush()
        return chunk + compressor.flush(zlib.Z_SYNC_FLUSH)

    def passes_bytes(self) -> bool:
        return type(self).transform_chunk is _stock_transform_chunk and not self._gzipping


_stock_transform_chunk: Final = GZipContentEncoding.transform_chunk


def _add_vary(headers: HTTPHeaders) -> None:
    # Of every answer that another client might get otherwise, compressed or not.
    stated = headers.get("Vary")
    if not stated:
        headers["Vary"] = "Accept-Encoding"
        return
    names = {name.strip().lower() for name in stated.split(",")}
    if not names & {"*", "accept-encoding"}:
        headers["Vary"] = f"{stated}, Accept-Encoding"
