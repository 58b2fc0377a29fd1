"""A set of options that a program defines, and where their values come from.

Layer: base. Standard library only.

Theory of operation
-------------------
Modules of a program define what can be set about them; the main program reads the command
line, a configuration file, or both; everybody reads values as attributes. A name is the same
with ``_`` (as an attribute must have it) and with ``-`` (as command lines prefer it): the table
is kept under the form with ``-``.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NoReturn, TextIO

from whirlwind._base.objects import exec_in
from whirlwind._base.option import Error, OnValue, Option, ValueType

# Columns of --help: the width of a terminal of old, and what is left of it for the text.
_NAME_COLUMN: Final = 35
_TEXT_WIDTH: Final = 79 - _NAME_COLUMN


class OptionParser:
    """A table of options, read and written as attributes or as items.

    Programs share one, ``options``; make another for a tool with options of its own.
    """

    def __init__(self) -> None:
        # Not by plain assignment: that would look for options of these names.
        self.__dict__["_options"] = {}
        self.__dict__["_parse_callbacks"] = []
        self.define(
            "help",
            type=bool,
            help="show this help information",
            group="",
            callback=self._on_help,
        )

    _options: dict[str, Option]
    _parse_callbacks: list[Callable[[], None]]

    def define(
        self,
        name: str,
        default: Any = None,
        type: ValueType | None = None,
        help: str | None = None,
        metavar: str | None = None,
        multiple: bool = False,
        group: str | None = None,
        callback: OnValue | None = None,
    ) -> None:
        """Define an option.

        Args:
            name: Its name, unique in this table.
            default: Its value until another is set; a list if ``multiple``.
            type: Class of its value: ``str``, ``int``, ``float``, ``bool``,
                ``datetime.datetime`` (ISO 8601 and a few other forms), ``datetime.timedelta``
                (``"1h 30m"``), or any that can be called with text. By default that of
                ``default``, and ``str`` without one.
            help: What it does, in a sentence, for ``--help``.
            metavar: What stands for its value there, for example ``"PATH"``.
            multiple: Whether it takes several values, separated by commas; it is a list then.
            group: Heading under which it stands in ``--help``; by default the file that calls.
            callback: Called with the value whenever one is set or parsed.

        Raises:
            Error: There is an option of this name.
        """
        key = self._normalize_name(name)
        if key in self._options:
            raise Error(f"Option {key!r} already defined in {self._options[key].file_name}")
        file_name = _file_that_defines()
        if type is None:
            type = str if default is None or multiple else default.__class__
        self._options[key] = Option(
            name,
            default=default,
            type=type,
            help=help,
            metavar=metavar,
            multiple=multiple,
            file_name=file_name,
            group_name=file_name if group is None else group,
            callback=callback,
        )

    def parse_command_line(self, args: list[str] | None = None, final: bool = True) -> list[str]:
        """Read options from a command line.

        Args:
            args: The command line, the program's name first; ``sys.argv`` by default.
            final: Whether this is the last source of options, so that the parse callbacks
                (logging is set up by one) run. False if a configuration file is read next.

        Returns:
            The arguments that are not options: those from the first that does not begin with
            ``-``, or after ``--``.

        Raises:
            Error: An option is unknown or has no value, or not one of its type.
        """
        if args is None:
            args = sys.argv
        rest: list[str] = []
        for place, argument in enumerate(args[1:], start=1):
            if not argument.startswith("-"):
                rest = args[place:]
                break
            if argument == "--":
                rest = args[place + 1 :]
                break
            name, equals, text = argument.lstrip("-").partition("=")
            option = self._options.get(self._normalize_name(name))
            if option is None:
                self.print_help()
                raise Error(f"Unrecognized command line option: {name!r}")
            if not equals:
                if option.type is not bool:
                    raise Error(f"Option {option.name!r} requires a value")
                text = "true"
            option.parse(text)
        if final:
            self.run_parse_callbacks()
        return rest

    def parse_config_file(self, path: str, final: bool = True) -> None:
        """Read options from a file of Python code that assigns to their names.

        Only for files that may do anything, as the program itself may: the code is executed.
        Names in it that no option has are left alone.

        Args:
            path: The file, in UTF-8. ``__file__`` is its absolute path while it runs.
            final: Whether this is the last source of options; see ``parse_command_line``.

        Raises:
            Error: A value is not of its option's type. Text is parsed if the type is another.
            OSError: The file cannot be read.
        """
        names: dict[str, Any] = {"__file__": str(Path(path).absolute())}
        exec_in(compile(Path(path).read_bytes(), path, "exec", dont_inherit=True), names, names)
        for name in names:
            option = self._options.get(self._normalize_name(name))
            if option is None:
                continue
            value = names[name]
            if option.multiple and not isinstance(value, list | str):
                raise Error(
                    f"Option {option.name!r} is required to be a list of {option.type.__name__} "
                    "or a comma-separated string"
                )
            if isinstance(value, str) and (option.multiple or option.type is not str):
                option.parse(value)
            else:
                option.set(value)
        if final:
            self.run_parse_callbacks()

    def add_parse_callback(self, callback: Callable[[], None]) -> None:
        """Have a function called once all sources of options have been read."""
        self._parse_callbacks.append(callback)

    def run_parse_callbacks(self) -> None:
        """Call the functions given to ``add_parse_callback``, in that order."""
        for callback in self._parse_callbacks:
            callback()

    def print_help(self, file: TextIO | None = None) -> None:
        """Print all options under the headings of their groups.

        Args:
            file: Where to; standard error by default.
        """
        print("\n".join(self._help_lines()), file=file or sys.stderr)

    def groups(self) -> set[str]:
        """Return the names of all groups."""
        return {option.group_name or "" for option in self._options.values()}

    def group_dict(self, group: str) -> dict[str, Any]:
        """Return the options of one group by name, all if ``group`` is empty; for settings::

        Application(handlers, **options.group_dict("application"))
        """
        return {
            option.name: option.value()
            for option in self._options.values()
            if not group or group == option.group_name
        }

    def as_dict(self) -> dict[str, Any]:
        """Return all options by name."""
        return dict(self.items())

    def items(self) -> Iterable[tuple[str, Any]]:
        """Return all names and values, as ``dict.items`` does, in order of definition."""
        return [(option.name, option.value()) for option in self._options.values()]

    def mockable(self) -> Mockable:
        """Return a view of the options that ``unittest.mock.patch.object`` can patch::

        with mock.patch.object(options.mockable(), "name", value):
            ...
        """
        return Mockable(self)

    def __getattr__(self, name: str) -> Any:
        option = self.__dict__.get("_options", {}).get(self._normalize_name(name))
        if option is None:
            raise AttributeError(f"Unrecognized option {name!r}")
        return option.value()

    def __setattr__(self, name: str, value: Any) -> None:
        option = self._options.get(self._normalize_name(name))
        if option is None:
            raise AttributeError(f"Unrecognized option {name!r}")
        option.set(value)

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __setitem__(self, name: str, value: Any) -> None:
        setattr(self, name, value)

    def __iter__(self) -> Iterator[str]:
        return (option.name for option in self._options.values())

    def __contains__(self, name: str) -> bool:
        return self._normalize_name(name) in self._options

    @staticmethod
    def _normalize_name(name: str) -> str:
        return name.replace("_", "-")

    def _on_help(self, wanted: bool) -> None:
        if wanted:
            self.print_help()
            sys.exit(0)

    def _help_lines(self) -> Iterator[str]:
        yield f"Usage: {sys.argv[0]} [OPTIONS]"
        yield "\nOptions:\n"
        for group in sorted(self.groups()):
            if group:
                yield f"\n{Path(group)} options:\n"
            members = [o for o in self._options.values() if (o.group_name or "") == group]
            for option in sorted(members, key=lambda option: option.name):
                yield from _help_of(option)
        yield ""


class Mockable:
    """Options as plain attributes, whose deletion brings back the value that was patched.

    ``mock.patch.object`` deletes an attribute that it did not find in the object's own
    ``__dict__``, which an option cannot survive.
    """

    def __init__(self, options: OptionParser) -> None:
        self.__dict__["_options"] = options
        self.__dict__["_originals"] = {}

    _options: OptionParser
    _originals: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._options, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._originals:
            _refuse_second_use()
        self._originals[name] = getattr(self._options, name)
        setattr(self._options, name, value)

    def __delattr__(self, name: str) -> None:
        setattr(self._options, name, self._originals.pop(name))


def _refuse_second_use() -> NoReturn:
    # An AssertionError, as from a test's own assert; raised by hand so that -O keeps it.
    raise AssertionError("don't reuse mockable objects")


def _file_that_defines() -> str:
    """Name the file of the first caller outside ``define``, a module's ``define`` included."""
    frame = sys._getframe(2)
    while frame.f_code.co_name == "define" and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code.co_filename


def _help_of(option: Option) -> Iterator[str]:
    name = "--" + OptionParser._normalize_name(option.name)
    if option.metavar:
        name += "=" + option.metavar
    text = option.help or ""
    if option.default is not None and option.default != "":
        text += f" (default {option.default})"
    lines = textwrap.wrap(text, _TEXT_WIDTH) or [""]
    if len(name) > _NAME_COLUMN - 5:
        lines.insert(0, "")  # the text begins on a line of its own
    yield f"  {name:<{_NAME_COLUMN - 3}} {lines[0]}".rstrip()
    for line in lines[1:]:
        yield " " * _NAME_COLUMN + line
