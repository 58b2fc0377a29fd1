"""Which methods a handler answers: what the Allow field says.

Layer: web. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable


def allowed_methods(
    handler_class: type,
    supported: Iterable[str],
    refused: str | None,
    unimplemented: Callable[..., object],
) -> str:
    """Return the value of the Allow field for a 405, which has to have one.

    Args:
        handler_class: The handler's class.
        supported: Names that may be dispatched at all (``SUPPORTED_METHODS``).
        refused: The request's method, which is not allowed whatever the class says.
        unimplemented: The method that stands where a class has none of its own.

    Returns:
        Names with commas between them; empty where the resource allows none.

    Source: RFC 9110, sections 10.2.1 and 15.5.6.
    """
    return ", ".join(
        name
        for name in supported
        if name != refused
        and getattr(handler_class, name.lower(), unimplemented) is not unimplemented
    )
