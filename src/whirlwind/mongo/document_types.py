"""The types of documents, as parameters of the classes: ``MotorClient[dict[str, Any]]``.

Layer: public package ``mongo``.

As in Motor 3, a client, its databases, collections and cursors can say what their documents are,
to type checkers and with no effect on the program; what says nothing has ``dict[str, Any]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Defaults are known to type checkers before they are to Python 3.11 and 3.12.
    from typing_extensions import TypeVar

    D = TypeVar("D", bound=Mapping[str, Any], default=dict[str, Any])
    T = TypeVar("T", default=dict[str, Any])
else:
    from typing import TypeVar

    D = TypeVar("D", bound=Mapping[str, Any])
    T = TypeVar("T")

__all__ = ["D", "T"]
