"""What ``module:app`` finds, and what it says where it finds nothing to serve."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from whirlwind.cli import target
from whirlwind.cli.target import TargetError
from whirlwind.web import Application


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is the current one and on the path; what it holds is forgotten after."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_an_application_is_found_and_is_one(project: Path) -> None:
    (project / "target_shop.py").write_text(
        "from whirlwind.web import Application\napp = Application([])\n"
    )
    found = target.find("target_shop:app")
    assert isinstance(target.make(found, "target_shop:app"), Application)


def test_a_factory_and_a_class_are_called(project: Path) -> None:
    (project / "target_factory.py").write_text(
        "from whirlwind.web import Application\n"
        "def make_app():\n    return Application([])\n"
        "class Shop(Application):\n    pass\n"
    )
    for name in ("make_app", "Shop"):
        found = target.find(f"target_factory:{name}")
        assert isinstance(target.make(found, name), Application)


def test_dots_reach_into_the_object(project: Path) -> None:
    (project / "target_nest.py").write_text(
        "from whirlwind.web import Application\nclass config:\n    app = Application([])\n"
    )
    assert isinstance(target.find("target_nest:config.app"), Application)
    with pytest.raises(TargetError, match=r"'target_nest:config' has no 'ap'; did you mean 'app'"):
        target.find("target_nest:config.ap")


@pytest.mark.parametrize("spec", ["shop", "shop:", ":app", "shop.py", ""])
def test_a_target_without_both_halves_says_the_form(spec: str) -> None:
    with pytest.raises(TargetError, match="expected module:app") as caught:
        target.find(spec)
    assert caught.value.exit_code == 2


def test_a_missing_module_names_a_near_miss(project: Path) -> None:
    (project / "target_shop.py").write_text("")
    with pytest.raises(TargetError, match=r"no module named 'target_shpo'.*mean 'target_shop'"):
        target.find("target_shpo:app")


def test_a_missing_submodule_names_a_near_miss(project: Path) -> None:
    (project / "target_site").mkdir()
    (project / "target_site" / "__init__.py").write_text("")
    (project / "target_site" / "pages.py").write_text("")
    with pytest.raises(TargetError, match=r"did you mean 'target_site\.pages'"):
        target.find("target_site.page:app")


def test_a_missing_name_says_what_is_near_and_may_be_mended(project: Path) -> None:
    (project / "target_shop.py").write_text("application = 1\n")
    with pytest.raises(TargetError, match=r"has no 'aplication'.*mean 'application'") as caught:
        target.find("target_shop:aplication")
    assert caught.value.mends
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("body", "said", "where"),
    [
        pytest.param("1 / 0\n", "ZeroDivisionError: division by zero", "line 1", id="raises"),
        pytest.param("def broken(:\n", "SyntaxError", "def broken(:", id="syntax"),
        pytest.param(
            "import nothing_there\n", "No module named 'nothing_there'", "line 1", id="import"
        ),
        pytest.param("import sys\nsys.exit(3)\n", "SystemExit: 3", "line 2", id="exits"),
    ],
)
def test_a_module_that_raises_shows_its_own_traceback(
    project: Path, body: str, said: str, where: str
) -> None:
    file = project / "target_broken.py"
    file.write_text(body)
    with pytest.raises(TargetError) as caught:
        target.find("target_broken:app")
    error = caught.value
    assert str(error).startswith("target_broken raised ")
    assert said in str(error)
    assert where in error.trace
    assert "importlib" not in error.trace
    assert str(file) in error.files
    assert error.exit_code == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param("app = 1", "m:app is an int, which is no whirlwind.web.Application", id="int"),
        pytest.param("def app(): pass", r"m:app\(\) returned None, which is no", id="nothing"),
        pytest.param("def app(): return {}", r"m:app\(\) returned a dict", id="dict"),
        pytest.param("def app(): 1 / 0", "m:app raised ZeroDivisionError", id="raises"),
        pytest.param("def app(x): pass", "m:app raised TypeError: .*'x'", id="arguments"),
    ],
)
def test_what_is_no_application_is_said_to_be_none(project: Path, body: str, said: str) -> None:
    namespace: dict[str, object] = {}
    exec(body, namespace)
    with pytest.raises(TargetError, match=said):
        target.make(namespace["app"], "m:app")
