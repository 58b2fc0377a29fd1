"""What objects of the package have for ``async with``, and say to ``with``.

Layer: public package ``mongo``.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import ClassVar, NoReturn, Self


class ClosedAfterBlock:
    """An object that ``async with`` closes."""

    def close(self) -> asyncio.Future[None]:
        """Close it, and return a Future that is done when it is."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class NoPlainBlock:
    """An object whose end has to be waited for, so that ``with`` is a mistake.

    Attributes:
        _instead: What to write.
    """

    _instead: ClassVar[str]

    def __enter__(self) -> NoReturn:
        raise AttributeError(self._instead)

    def __exit__(self, *error: object) -> None:
        """Never called; Python looks for it before it calls ``__enter__``."""
