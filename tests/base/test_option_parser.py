"""A table of options: defining, reading, parsing, showing."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from unittest import mock

import pytest

from whirlwind.options import Error, OptionParser


@pytest.fixture
def options() -> OptionParser:
    options = OptionParser()
    options.define("port", default=80, help="where to listen", metavar="N", group="server")
    options.define("my_name", type=str, group="server")
    options.define("tags", multiple=True)
    options.define("numbers", type=int, multiple=True)
    options.define("verbose", default=False)
    return options


def test_the_type_is_that_of_the_default(options: OptionParser) -> None:
    assert {name: option.type for name, option in options._options.items()} == {
        "help": bool,
        "port": int,
        "my-name": str,
        "tags": str,
        "numbers": int,
        "verbose": bool,
    }


def test_values_are_attributes_and_items_under_both_spellings(options: OptionParser) -> None:
    options.my_name = "a"
    assert options["my-name"] == options["my_name"] == options.my_name == "a"
    options["my-name"] = "b"
    assert options.my_name == "b"
    assert "my-name" in options
    assert "my_name" in options
    assert "nothing" not in options


def test_unknown_names_are_attribute_errors(options: OptionParser) -> None:
    with pytest.raises(AttributeError, match="Unrecognized option 'nothing'"):
        _ = options.nothing
    with pytest.raises(AttributeError, match="Unrecognized option 'nothing'"):
        options.nothing = 1
    with pytest.raises(AttributeError, match="Unrecognized option 'nothing'"):
        options["nothing"] = 1


def test_a_name_is_defined_once_in_either_spelling(options: OptionParser) -> None:
    with pytest.raises(Error, match=r"'my-name' already defined in .*test_option_parser\.py"):
        options.define("my-name")


def test_the_table_can_be_walked(options: OptionParser) -> None:
    assert list(options) == ["help", "port", "my_name", "tags", "numbers", "verbose"]
    assert options.as_dict()["port"] == 80
    assert dict(options.items()) == options.as_dict()
    assert options.groups() == {"", "server", __file__}
    assert options.group_dict("server") == {"port": 80, "my_name": None}
    assert options.group_dict("") == options.as_dict()


def test_the_command_line_sets_options_and_leaves_the_rest(options: OptionParser) -> None:
    rest = options.parse_command_line(
        ["prog", "--port=81", "-my_name=x", "--verbose", "--numbers=1:3", "file", "--port=9"]
    )
    assert rest == ["file", "--port=9"]
    assert (options.port, options.my_name, options.verbose) == (81, "x", True)
    assert options.numbers == [1, 2, 3]
    assert options.parse_command_line(["prog", "--verbose=false", "--", "--port=9"]) == ["--port=9"]
    assert options.verbose is False
    assert options.parse_command_line(["prog"]) == []
    assert options.parse_command_line([]) == []


def test_a_value_is_required_unless_the_option_is_a_switch(options: OptionParser) -> None:
    with pytest.raises(Error, match="'port' requires a value"):
        options.parse_command_line(["prog", "--port"])


def test_an_unknown_option_shows_the_known_ones(
    options: OptionParser, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Error, match="Unrecognized command line option: 'prot'"):
        options.parse_command_line(["prog", "--prot=81"])
    assert "--port=N" in capsys.readouterr().err


def test_parse_callbacks_run_after_the_last_source(options: OptionParser, tmp_path: Path) -> None:
    seen: list[int] = []
    options.add_parse_callback(lambda: seen.append(options.port))
    options.parse_command_line(["prog", "--port=1"], final=False)
    assert seen == []
    config = tmp_path / "config.py"
    config.write_text("port = 2")
    options.parse_config_file(str(config))
    assert seen == [2]


def test_a_configuration_file_is_python(options: OptionParser, tmp_path: Path) -> None:
    options.define("when", type=datetime.datetime)
    options.define("path", type=str)
    config = tmp_path / "config.py"
    config.write_text(
        "import os\n"
        "my_name = 'é'\n"
        "port = '81'\n"
        "tags = ['a', 'b']\n"
        "numbers = '1:3'\n"
        "when = '2020-01-02'\n"
        "path = __file__\n",
        encoding="utf-8",
    )
    options.parse_config_file(str(config))
    assert options.my_name == "é"
    assert options.port == 81
    assert options.tags == ["a", "b"]
    assert options.numbers == [1, 2, 3]
    assert options.when == datetime.datetime(2020, 1, 2)
    assert options.path == str(config)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("port = 1.5", "required to be a int"),
        ("port = 'x'", "required to be a int"),
        ("tags = 3", "list of str or a comma-separated string"),
        ("tags = ('a',)", "list of str or a comma-separated string"),
        ("numbers = ['a']", "list of int"),
    ],
)
def test_wrong_values_in_a_configuration_file_are_errors(
    options: OptionParser, tmp_path: Path, line: str, message: str
) -> None:
    config = tmp_path / "config.py"
    config.write_text(line)
    with pytest.raises(Error, match=message):
        options.parse_config_file(str(config))


def test_a_mistake_in_a_configuration_file_names_the_file(
    options: OptionParser, tmp_path: Path
) -> None:
    config = tmp_path / "config.py"
    config.write_text("port = = 3")
    with pytest.raises(SyntaxError) as caught:
        options.parse_config_file(str(config))
    assert caught.value.filename == str(config)


def test_help_groups_and_wraps(options: OptionParser) -> None:
    options.define("long", default="d", help="word " * 20, group="server")
    options.define("a_name_that_is_longer_than_its_column", group="server", help="text")
    shown = io.StringIO()
    options.print_help(shown)
    lines = shown.getvalue().splitlines()
    assert "  --help                           show this help information" in lines
    assert "server options:" in lines
    assert "  --port=N                         where to listen (default 80)" in lines
    assert "  --a-name-that-is-longer-than-its-column" in lines
    assert max(map(len, lines[1:])) <= max(79, len(__file__) + len(" options:"))
    assert lines.index("server options:") > lines.index(f"{__file__} options:")


def test_asking_for_help_ends_the_program(
    options: OptionParser, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        options.parse_command_line(["prog", "--help"])
    assert caught.value.code == 0
    assert "where to listen" in capsys.readouterr().err


def test_options_can_be_patched_through_a_view(options: OptionParser) -> None:
    with mock.patch.object(options.mockable(), "port", 5):
        assert options.port == 5
    assert options.port == 80


def test_a_view_is_for_one_patch(options: OptionParser) -> None:
    view = options.mockable()
    view.port = 1
    assert view.port == 1
    with pytest.raises(AssertionError, match="reuse"):
        view.port = 2
    del view.port
    assert options.port == 80
