"""Heads of responses: the status line and the header fields (RFC 9112, sections 4 and 5).

Layer: protocols. Imports from ``_base`` and from within ``_proto`` only.

For whoever reads a response off a stream. The HTTP client does not: it has httptools do this.
"""

from __future__ import annotations

from whirlwind._proto.http.headers import HTTPHeaders, fields_from_wire
from whirlwind._proto.http.start_line import ResponseStartLine, parse_response_start_line
from whirlwind._proto.http1.field_lines import split_field_lines
from whirlwind._proto.http1.request_head import begins_with_lf_line, with_crlf


def read_response_head(head: bytes) -> tuple[ResponseStartLine, HTTPHeaders]:
    """Take the head of a response apart.

    Args:
        head: The whole head, with the empty line that ends it. Its lines end with CRLF or, all
            of them, with LF.

    Returns:
        The status line and the fields.

    Raises:
        HTTPInputError: The head breaks the grammar or a limit; close the connection.

    Source: RFC 9112, sections 2.2, 4 and 5.
    """
    if begins_with_lf_line(head):
        head = with_crlf(head) or head
    line, _, block = head.partition(b"\r\n")
    start_line = parse_response_start_line(line.decode("latin-1"))
    return start_line, fields_from_wire(split_field_lines(block))
