"""What a traceback shows in place of generated code: lines of templates.

Layer: web. Pure.

A template's code object has positions of its own making: line ``n`` is line ``n`` of its listing,
which is the source of the template itself, then that of whatever it extends and includes. So a
traceback, a debugger and a profiler show the template's own lines, with marks under the part of
an expression that failed, and for lines of other templates a note of where they come from::

      File "page.html (compiled 9f0c21d4)", line 3, in _tt_render
        <b>{{ total / count }}</b>  # page.html:3
              ~~~~~~^~~~~~~
"""

from __future__ import annotations

from typing import Final

from whirlwind._base.late_pattern import late_pattern
from whirlwind._web.template.nodes import File

# What str.splitlines takes for the end of a line and a template does not.
_OTHER_ENDS: Final = late_pattern("[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


class _Section:
    """One template's source in the listing."""

    __slots__ = ("file", "first", "size", "via")

    def __init__(self, file: File, first: int) -> None:
        self.file = file
        self.first = first  # the listing's line that shows the template's line 1
        self.size = file.source.count("\n") + 1
        self.via: dict[int, str] = {}  # line of the template: how it came into this one


class Listing:
    """The lines that the positions of one template's code refer to.

    It is also the ``__loader__`` of the namespace in which the code runs: ``linecache``, and with
    it every traceback, asks it for the source.

    Args:
        main: The template that the listing belongs to; its lines are the first.
    """

    __slots__ = ("_of_file", "_sections", "_size")

    def __init__(self, main: File) -> None:
        self._sections: list[_Section] = []
        self._of_file: dict[int, list[_Section]] = {}
        self._size = 0
        self._add(main)

    def place(self, file: File, line: int, via: str) -> int:
        """Return the listing's line for a line of a template.

        Args:
            file: The template.
            line: A line of it, from 1; beyond its end the last one is meant.
            via: What included it, for people; a line that came in two ways is listed twice.
        """
        for section in self._of_file.get(id(file), ()):
            at = min(line, section.size)
            if section.via.setdefault(at, via) == via:
                return section.first + at - 1
        section = self._add(file)
        at = min(line, section.size)
        section.via[at] = via
        return section.first + at - 1

    def origin(self, line: int) -> tuple[File, int]:
        """Return the template, and the line in it, that a line of the listing shows."""
        for section in self._sections:
            if line < section.first + section.size:
                return section.file, line - section.first + 1
        last = self._sections[-1]
        return last.file, last.size

    def get_source(self, fullname: str | None = None) -> str:
        """Return the listing; the name is ``linecache``'s, and there is one source only.

        Source: importlib.abc.InspectLoader.get_source.
        """
        lines = []
        for section in self._sections:
            for number, line in enumerate(section.file.source.split("\n"), 1):
                shown = _OTHER_ENDS().sub(" ", line)
                via = section.via.get(number)
                if via is not None:
                    shown += note(section.file, number, via)
                lines.append(shown)
        return "\n".join(lines)

    def _add(self, file: File) -> _Section:
        section = _Section(file, self._size + 1)
        self._sections.append(section)
        self._of_file.setdefault(id(file), []).append(section)
        self._size += section.size
        return section


def note(file: File, line: int, via: str) -> str:
    """Return the comment that says where a line comes from."""
    return f"  # {file.name}:{line}{via}"


def line_of(file: File, line: int) -> str:
    """Return one line of a template's source, counted from 1."""
    lines = file.source.split("\n")
    return _OTHER_ENDS().sub(" ", lines[min(line, len(lines)) - 1])
