"""Changes to an answer on its way out.

Layer: web. Imports from ``_http`` and ``_proto``.
"""

from __future__ import annotations

from typing import Final

from whirlwind._http.messages import HTTPServerRequest
from whirlwind._proto.http.headers import HTTPHeaders


class OutputTransform:
    """Changes answers on their way out; derive from it, and give the class to the application.

    Args:
        request: The request that is answered.
    """

    def __init__(self, request: HTTPServerRequest) -> None:
        pass

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Change the head and the first piece of the body.

        Args:
            status_code: The status.
            headers: The header fields; may be changed in place.
            chunk: The first piece, perhaps empty.
            finishing: True if it is also the last.

        Returns:
            Status, fields and piece as they go out.
        """
        return status_code, headers, chunk

    def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:
        """Change a further piece of the body; ``finishing`` is True for the last one."""
        return chunk

    def passes_bytes(self) -> bool:
        """True if further pieces go out as they are; asked after the first one."""
        return type(self).transform_chunk is _stock_transform_chunk


_stock_transform_chunk: Final = OutputTransform.transform_chunk


def passes_bytes(transform: object) -> bool:
    """True if a transform, which need not derive from ours, changes no further piece."""
    return isinstance(transform, OutputTransform) and transform.passes_bytes()
