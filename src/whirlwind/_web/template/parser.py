"""Parses the tokens of a template into nodes.

Layer: web. Pure: what a template includes or extends is named here, and loaded by the generator.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from whirlwind._web.template.errors import ParseError
from whirlwind._web.template.nodes import (
    Apply,
    Block,
    Control,
    Expression,
    Extends,
    File,
    Include,
    Intermediate,
    Node,
    Python,
    Statement,
    Text,
)
from whirlwind._web.template.tokens import Kind, Token, tokenize
from whirlwind._web.template.whitespace import filter_whitespace

# Directives inside one another. Python itself refuses more than 100 levels of indentation.
MAX_DEPTH: Final = 100

# What may stand in the body of which directive.
_ATTACHES_TO: Final = {
    "else": ("if", "for", "while", "try"),
    "elif": ("if",),
    "except": ("try",),
    "finally": ("try",),
}
_LOOPS: Final = ("for", "while")
# White space means something in it, so text with this tag is not filtered.
_PREFORMATTED: Final = "<pre>"


class _Open(NamedTuple):
    """A directive that waits for its end.

    Attributes:
        operator: The directive's first word; empty for the file itself.
        line: Where it stands.
        body: Where nodes go until it ends.
        in_loop: Whether ``break`` and ``continue`` mean something there.
    """

    operator: str
    line: int
    body: list[Node]
    in_loop: bool


def parse(source: str, name: str, *, autoescape: str | None, whitespace: str) -> File:
    """Return the nodes of a template.

    Args:
        source: The template's text.
        name: Its name, for errors and for what it includes.
        autoescape: The function that escapes, unless the template says another; None for none.
        whitespace: The mode of ``filter_whitespace``, until the template says another.

    Raises:
        ParseError: The template breaks the language's rules.
        ValueError: There is no such mode of white space.
    """
    filter_whitespace(whitespace, "")
    try:
        source.encode()
    except UnicodeEncodeError as error:
        line = source.count("\n", 0, error.start) + 1
        raise ParseError(f"not UTF-8: {source[error.start]!a}", name, line) from None
    return _Parser(File(name, source, autoescape), whitespace).run()


class _Parser:
    """One run over the tokens, with the open directives on a stack instead of recursion."""

    def __init__(self, file: File, whitespace: str) -> None:
        self._file = file
        self._whitespace = whitespace
        self._open = [_Open("", 0, file.body, in_loop=False)]

    def run(self) -> File:
        for token in tokenize(self._file.source, self._file.name):
            if token.kind is Kind.TEXT:
                self._text(token)
            elif token.kind is Kind.EXPRESSION:
                python = Python(token.value, token.line, token.column)
                self._add(Expression(python))
            else:
                self._directive(token)
        last = self._open[-1]
        if last.operator:
            # Nothing was closed after it, so it is the one whose end is missing.
            raise self._error(f"Missing {{% end %}} block for {last.operator}", last.line)
        return self._file

    def _error(self, message: str, line: int) -> ParseError:
        return ParseError(message, self._file.name, line)

    def _add(self, node: Node) -> None:
        self._open[-1].body.append(node)

    def _text(self, token: Token) -> None:
        value = token.value
        if _PREFORMATTED not in value:
            value = filter_whitespace(self._whitespace, value)
        self._add(Text(value, token.line))

    def _directive(self, token: Token) -> None:
        operator = token.value.split(None, 1)[0]
        after = token.value[len(operator) :]
        argument = after.strip()
        whole = Python(token.value, token.line, token.column)
        if operator == "end":
            if len(self._open) == 1:
                raise self._error("Extra {% end %} block", token.line)
            self._open.pop()
        elif operator in _ATTACHES_TO:
            self._intermediate(operator, whole)
        elif operator in ("if", "for", "while", "try", "apply", "block"):
            self._opening(operator, argument, whole, self._argument(token, operator))
        elif operator in ("break", "continue"):
            if not self._open[-1].in_loop:
                loops = " or ".join(_LOOPS)
                raise self._error(f"{operator} outside {loops} block", token.line)
            self._add(Statement(whole))
        elif operator in ("extends", "include"):
            self._path(operator, argument, token.line)
        elif operator in ("import", "from", "set"):
            if not argument:
                what = "set" if operator == "set" else "import"
                raise self._error(f"{what} missing statement", token.line)
            python = self._argument(token, operator) if operator == "set" else whole
            self._add(Statement(python))
        elif operator in ("raw", "module"):
            if not argument:
                raise self._error(f"{operator} missing expression", token.line)
            prefix = "_tt_modules." if operator == "module" else ""
            self._add(Expression(self._argument(token, operator), raw=True, prefix=prefix))
        elif operator in ("autoescape", "whitespace"):
            self._mode(operator, argument, token.line)
        elif operator != "comment":
            raise self._error(f"unknown operator: {operator[:40]!r}", token.line)

    def _argument(self, token: Token, operator: str) -> Python:
        """The rest of a directive, and where in the template it stands."""
        after = token.value[len(operator) :]
        text = after.lstrip()
        skipped = operator + after[: len(after) - len(text)]
        newlines = skipped.count("\n")
        if newlines:
            column = len(skipped) - skipped.rindex("\n") - 1
        else:
            column = token.column + len(skipped)
        return Python(text, token.line + newlines, column)

    def _intermediate(self, operator: str, python: Python) -> None:
        parent = self._open[-1].operator
        allowed = _ATTACHES_TO[operator]
        if not parent:
            raise self._error(f"{operator} outside {' or '.join(allowed)} block", python.line)
        if parent not in allowed:
            raise self._error(f"{operator} block cannot be attached to {parent} block", python.line)
        self._add(Intermediate(python))

    def _opening(self, operator: str, argument: str, whole: Python, rest: Python) -> None:
        if len(self._open) > MAX_DEPTH:
            raise self._error(f"more than {MAX_DEPTH} directives inside one another", whole.line)
        outer = self._open[-1]
        # What is applied is a function of its own, in which no loop runs.
        in_loop = operator in _LOOPS or (outer.in_loop and operator != "apply")
        node: Apply | Block | Control
        if operator == "apply":
            if not argument:
                raise self._error("apply missing method name", whole.line)
            node = Apply(rest, [])
        elif operator == "block":
            if not argument:
                raise self._error("block missing name", whole.line)
            node = Block(argument, whole.line, [])
        else:
            node = Control(whole, [])
        outer.body.append(node)
        self._open.append(_Open(operator, whole.line, node.body, in_loop))

    def _path(self, operator: str, argument: str, line: int) -> None:
        path = argument.strip('"').strip("'")
        if not path:
            raise self._error(f"{operator} missing file path", line)
        self._add(Include(path, line) if operator == "include" else Extends(path, line))

    def _mode(self, operator: str, argument: str, line: int) -> None:
        if operator == "autoescape":
            if not argument:
                # Tornado takes this for "no escaping"; a page is safer with an error.
                raise self._error("autoescape missing function name (or None)", line)
            self._file.autoescape = None if argument == "None" else argument
            return
        try:
            filter_whitespace(argument, "")
        except ValueError as error:
            raise self._error(str(error), line) from None
        self._whitespace = argument
