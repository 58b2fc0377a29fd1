"""What is wrong with a template, and where.

Layer: web.
"""

from __future__ import annotations

from whirlwind._base.errors import WhirlwindError


class ParseError(WhirlwindError):
    """A template that breaks the rules of the language.

    Args:
        message: What was found, and what was expected where that is not plain.
        filename: The template's name; None if it has none.
        lineno: The line in the template, from 1; 0 if the error is not in a line.
    """

    def __init__(self, message: str, filename: str | None = None, lineno: int = 0) -> None:
        super().__init__(message, filename, lineno)
        self.message = message
        # Only a SyntaxError has a filename without being a file's, hence the loose types.
        self.filename: str | None = filename
        self.lineno: int | None = lineno

    def __str__(self) -> str:
        return f"{self.message} at {self.filename}:{self.lineno}"


class TemplateSyntaxError(ParseError, SyntaxError):
    """Python in a template that does not compile.

    Both a ``ParseError`` and a ``SyntaxError``; as the latter it shows the template's line.

    Args:
        message: What Python says.
        filename: The template's name.
        lineno: The line in the template, from 1.
        text: That line.
        offset: The column in it, from 1; 0 if unknown.
    """

    def __init__(
        self,
        message: str,
        filename: str | None = None,
        lineno: int = 0,
        text: str | None = None,
        offset: int = 0,
    ) -> None:
        super().__init__(message, filename, lineno)
        self.msg = message
        self.text = text
        self.offset = offset
