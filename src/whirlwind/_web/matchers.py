"""What decides whether a rule is for a request: its path, its host.

Layer: web. Imports from ``_base`` and ``_http``.
"""

from __future__ import annotations

import re
from re import Pattern
from typing import Any, Protocol

from whirlwind._base.escape import url_escape, url_unescape, utf8
from whirlwind._base.late_pattern import late_pattern
from whirlwind._http.messages import HTTPServerRequest


class HasDefaultHost(Protocol):
    """What ``DefaultHostMatches`` needs of an application."""

    default_host: str | None


class Matcher:
    """Decides whether a rule is for a request."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """Look at a request.

        Returns:
            None if the rule is not for it; else arguments for the rule's target:
            ``path_args`` and ``path_kwargs`` reach a handler's method. Empty for none.
        """
        raise NotImplementedError

    def reverse(self, *args: Any) -> str | None:
        """Return the path that would match with ``args``, or None if there is no telling."""
        return None


class AnyMatches(Matcher):
    """Matches every request."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        return {}


class HostMatches(Matcher):
    """Matches by the host name that the client asked for.

    Args:
        host_pattern: A regular expression for the whole name, in lower case, without port.
    """

    def __init__(self, host_pattern: str | Pattern[str]) -> None:
        if isinstance(host_pattern, str):
            if not host_pattern.endswith("$"):
                host_pattern += "$"
            host_pattern = re.compile(host_pattern)
        self.host_pattern: Pattern[str] = host_pattern

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        return {} if self.host_pattern.match(request.host_name) else None


class DefaultHostMatches(Matcher):
    """Matches if the application's ``default_host`` does, for requests that no proxy sent.

    Args:
        application: The application, asked for its ``default_host`` at each request.
        host_pattern: A compiled regular expression.
    """

    def __init__(self, application: HasDefaultHost, host_pattern: Pattern[str]) -> None:
        self.application = application
        self.host_pattern = host_pattern

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        if "X-Real-Ip" in request.headers:
            return None
        host = self.application.default_host
        return {} if host is not None and self.host_pattern.match(host) else None


class PathMatches(Matcher):
    """Matches by the path; groups of the pattern become arguments.

    Args:
        path_pattern: A regular expression for the whole path. Its groups are all named, and
            become keyword arguments, or all not, and become positional ones.
    """

    def __init__(self, path_pattern: str | Pattern[str]) -> None:
        if isinstance(path_pattern, str):
            if not path_pattern.endswith("$"):
                path_pattern += "$"
            path_pattern = re.compile(path_pattern)
        self.regex: Pattern[str] = path_pattern
        if len(self.regex.groupindex) not in (0, self.regex.groups):
            raise AssertionError(
                "groups in url regexes must either be all named or all positional: "
                f"{self.regex.pattern!r}"
            )
        self._path, self._group_count = self._find_groups()

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        found = self.regex.match(request.path)
        if found is None:
            return None
        return path_arguments(self.regex, found)

    def reverse(self, *args: Any) -> str | None:
        """Return the path that matches with ``args``.

        Args:
            *args: One for each group; what is no string is turned into one, and escaped.

        Raises:
            ValueError: The pattern is of a form that cannot be turned round.
            AssertionError: There are more or fewer arguments than groups.
        """
        if self._path is None:
            raise ValueError(f"Cannot reverse url regex {self.regex.pattern}")
        if len(args) != self._group_count:
            raise AssertionError("required number of arguments not found")
        if not args:
            return self._path % ()
        return self._path % tuple(
            [
                url_escape(utf8(arg if isinstance(arg, (str, bytes)) else str(arg)), plus=False)
                for arg in args
            ]
        )

    def _find_groups(self) -> tuple[str | None, int | None]:
        """Turn the pattern into a ``%`` format: ``/foo/(bar)/$`` into ``/foo/%s/`` and 1.

        Returns:
            The format and how many arguments it takes; twice None where groups are nested, or
            an escape stands for more than one character.
        """
        pattern = self.regex.pattern.removeprefix("^").removesuffix("$")
        if self.regex.groups != pattern.count("("):
            # Nested look-arounds, escaped parentheses, groups that take nothing.
            return None, None
        pieces = []
        for at, fragment in enumerate(pattern.split("(")):
            literal = fragment
            if at:
                closing = fragment.find(")")
                if closing < 0:
                    return None, None  # a group inside this one
                pieces.append("%s")
                literal = fragment[closing + 1 :]
            plain = _unescaped(literal)
            if plain is None:
                return None, None
            pieces.append(plain.replace("%", "%%"))
        return "".join(pieces), self.regex.groups


_ESCAPE = late_pattern(r"\\(.)", re.DOTALL)


def _unescaped(pattern: str) -> str | None:
    """Undo ``re.escape``; None for escapes that mean something else, as ``\\d`` does."""
    if any(character.isalnum() for character in _ESCAPE().findall(pattern)):
        return None
    return _ESCAPE().sub(r"\1", pattern)


def path_arguments(regex: Pattern[str], found: re.Match[str]) -> dict[str, Any]:
    """Return what the groups of a matched path say, unescaped, as arguments for a target."""
    if not regex.groups:
        return {}
    if regex.groupindex:
        return {
            "path_args": [],
            "path_kwargs": {
                str(name): _unquoted(value) for name, value in found.groupdict().items()
            },
        }
    return {"path_args": [_unquoted(value) for value in found.groups()], "path_kwargs": {}}


def _unquoted(value: str | None) -> bytes | None:
    # Undecoded: which encoding the path is in is the handler's to say (decode_argument).
    if value is None:
        return None
    if "%" not in value and value.isascii():
        return value.encode("ascii")
    return url_unescape(value, encoding=None, plus=False)
