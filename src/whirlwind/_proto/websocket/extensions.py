"""The agreement about compression: offers, answers, and what they mean (RFC 7692, section 7.1).

Layer: protocols. Imports from ``_base`` only.

Parameters of ``permessage-deflate`` are named after the side that compresses: ``server_…`` binds
the server's compressor and the client's decompressor.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from whirlwind._base.errors import RemoteProtocolError
from whirlwind._base.limits import MAX_WEBSOCKET_OFFERS
from whirlwind._proto.websocket.deflate import MessageCompressor, MessageDecompressor

_NAME: Final = "permessage-deflate"
_WORD: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# One piece at a time, anchored, with no two ways to match: linear in the text.
_PIECE: Final = re.compile(
    rf'[ \t]*({_WORD})[ \t]*(?:=[ \t]*(?:({_WORD})|"({_WORD})")[ \t]*)?([;,]|$)'
)
_BITS: Final = re.compile(r"8|9|1[0-5]")

#: An extension's name, and its parameters in order; a parameter without value has None.
Extension = tuple[str, list[tuple[str, str | None]]]


def parse_extensions(text: str) -> list[Extension]:
    """Read the value of a ``Sec-WebSocket-Extensions`` field.

    Args:
        text: The value; several fields joined with commas.

    Returns:
        The extensions in order, one for each time it is named.

    Raises:
        RemoteProtocolError: It breaks the grammar, or names more than MAX_WEBSOCKET_OFFERS.

    Source: RFC 6455, section 9.1.
    """
    found: list[Extension] = []
    at = 0
    begins = True
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None:
            raise RemoteProtocolError(f"bad Sec-WebSocket-Extensions at {text[at : at + 40]!r}")
        name, value, quoted, end = piece.groups()
        value = quoted if value is None else value
        if not begins:
            found[-1][1].append((name, value))
        elif value is not None:
            raise RemoteProtocolError(f"extension {name[:40]!r} has a value")
        else:
            found.append((name, []))
            if len(found) > MAX_WEBSOCKET_OFFERS:
                raise RemoteProtocolError(
                    f"more than {MAX_WEBSOCKET_OFFERS} extensions (MAX_WEBSOCKET_OFFERS)"
                )
        at = piece.end()
        begins = end == ","
        if end and at == len(text):
            raise RemoteProtocolError("Sec-WebSocket-Extensions ends in the middle")
    return found


@dataclass(frozen=True, slots=True)
class Agreement:
    """What both sides agreed about compression.

    Attributes:
        server_no_context_takeover, client_no_context_takeover: That side's messages do not refer
            to earlier ones.
        server_max_window_bits, client_max_window_bits: The window of that side's compressor, as a
            power of two, 8 to 15; None for 15.
    """

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int | None = None
    client_max_window_bits: int | None = None

    def __str__(self) -> str:
        """The agreement as the server's answer states it."""
        text = _NAME
        if self.server_no_context_takeover:
            text += "; server_no_context_takeover"
        if self.client_no_context_takeover:
            text += "; client_no_context_takeover"
        if self.server_max_window_bits is not None:
            text += f"; server_max_window_bits={self.server_max_window_bits}"
        if self.client_max_window_bits is not None:
            text += f"; client_max_window_bits={self.client_max_window_bits}"
        return text

    def compressor(self, *, client: bool, options: Mapping[str, Any]) -> MessageCompressor | None:
        """Make the compressor of one side; None if it has to send messages as they are."""
        bits = self.client_max_window_bits if client else self.server_max_window_bits
        if bits == 8:
            return None  # zlib cannot; that a message is compressed is never an obligation
        fresh = self.client_no_context_takeover if client else self.server_no_context_takeover
        return MessageCompressor(not fresh, bits, options)

    def decompressor(self, *, client: bool, max_message_size: int) -> MessageDecompressor:
        """Make the decompressor of one side."""
        bits = self.server_max_window_bits if client else self.client_max_window_bits
        fresh = self.server_no_context_takeover if client else self.client_no_context_takeover
        return MessageDecompressor(not fresh, bits, max_message_size)


def accept_offer(offers: list[Extension], options: Mapping[str, Any]) -> Agreement | None:
    """Choose among a client's offers.

    Args:
        offers: What it offers, in its order of preference.
        options: ``server_no_context_takeover`` and ``client_no_context_takeover``, where true,
            are agreed upon even if the client does not ask for them.

    Returns:
        What the server agrees to; None for no compression. An offer with a parameter that is
        unknown, twice there or has no such value is passed over (section 7.1).
    """
    for name, parameters in offers:
        if name != _NAME:
            continue
        offer = _read(parameters, lone_client_bits=True)
        if offer is None or offer.get("server_max_window_bits") == 8:
            continue  # a server that compresses with a window of 8 is out of zlib's reach
        return Agreement(
            server_no_context_takeover="server_no_context_takeover" in offer
            or bool(options.get("server_no_context_takeover")),
            client_no_context_takeover="client_no_context_takeover" in offer
            or bool(options.get("client_no_context_takeover")),
            server_max_window_bits=offer.get("server_max_window_bits"),
            # Said back only where the client named a number: a promise that saves us memory.
            client_max_window_bits=offer.get("client_max_window_bits") or None,
        )
    return None


def offer(options: Mapping[str, Any]) -> str:
    """Return what a client offers.

    Args:
        options: ``server_no_context_takeover`` and ``client_no_context_takeover``, where true,
            and ``server_max_window_bits`` (9 to 15) are asked for.
    """
    text = _NAME
    if options.get("server_no_context_takeover"):
        text += "; server_no_context_takeover"
    if options.get("client_no_context_takeover"):
        text += "; client_no_context_takeover"
    if options.get("server_max_window_bits") is not None:
        text += f"; server_max_window_bits={int(options['server_max_window_bits'])}"
    return text + "; client_max_window_bits"


def check_answer(text: str | None, options: Mapping[str, Any] | None) -> Agreement | None:
    """Check what a server answered to a client's offer.

    Args:
        text: The answer's ``Sec-WebSocket-Extensions``; None if there is none.
        options: What ``offer`` was given; None if nothing was offered.

    Returns:
        What is agreed; None for no compression.

    Raises:
        RemoteProtocolError: The answer has what was not offered; the connection must not be used.

    Source: RFC 6455, section 4.1, item 5; RFC 7692, sections 5 and 7.1.
    """
    if text is None:
        return None
    answers = parse_extensions(text)
    if options is None or [name for name, _ in answers] != [_NAME]:
        raise RemoteProtocolError(f"server uses an extension not asked for: {text[:40]!r}")
    answer = _read(answers[0][1], lone_client_bits=False)
    if answer is None:
        raise RemoteProtocolError(f"server answers with bad parameters: {text[:80]!r}")
    asked = options.get("server_max_window_bits")
    bits = answer.get("server_max_window_bits")
    if asked is not None and (bits is None or bits > asked):
        raise RemoteProtocolError(f"server insists on a window over {asked} bits: {text[:80]!r}")
    if options.get("server_no_context_takeover") and "server_no_context_takeover" not in answer:
        raise RemoteProtocolError(f"server insists on context takeover: {text[:80]!r}")
    return Agreement(
        server_no_context_takeover="server_no_context_takeover" in answer,
        client_no_context_takeover="client_no_context_takeover" in answer
        or bool(options.get("client_no_context_takeover")),
        server_max_window_bits=bits,
        client_max_window_bits=answer.get("client_max_window_bits"),
    )


def _read(
    parameters: list[tuple[str, str | None]], *, lone_client_bits: bool
) -> dict[str, int] | None:
    """Return parameters by name, with 0 for no value; None if one of them cannot be."""
    read: dict[str, int] = {}
    for name, value in parameters:
        if name in read:
            return None
        if name in ("server_no_context_takeover", "client_no_context_takeover"):
            if value is not None:
                return None
            read[name] = 0
        elif name in ("server_max_window_bits", "client_max_window_bits"):
            if value is None:
                if name == "server_max_window_bits" or not lone_client_bits:
                    return None
                read[name] = 0
            elif _BITS.fullmatch(value) is None:
                return None
            else:
                read[name] = int(value)
        else:
            return None
    return read
