"""``tornado`` and ``motor`` as other names of whirlwind, in processes of their own.

An alias is of the whole process, so that each program here runs in a new one.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from whirlwind import legacy
from whirlwind.legacy.borrowed import OWNER

CHILDREN = str(Path(legacy.__file__).parent / "children")
ALIASES = "from whirlwind import legacy; legacy.install()\n"


def run(program: str, *arguments: str, env: dict[str, str] | None = None) -> str:
    """Run a program and return what it printed; errors of it are errors here."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("first", ["tornado", "whirlwind"])
def test_a_module_is_one_under_both_names_whichever_comes_first(first: str) -> None:
    run(
        f"{ALIASES}import sys, {first}.web, tornado.platform.asyncio\n"
        "import tornado.web, whirlwind.web, whirlwind.platform.asyncio\n"
        "assert tornado is whirlwind\n"
        "assert sys.modules['tornado.web'] is sys.modules['whirlwind.web']\n"
        "assert sys.modules['tornado.platform.asyncio'] is whirlwind.platform.asyncio\n"
        "assert tornado.web.__spec__.name == 'whirlwind.web'\n"
        "assert tornado.web.__name__ == 'tornado.web'\n"
        "assert tornado.__name__ == 'tornado'\n"
        "assert tornado.version == whirlwind.version\n"
    )


@pytest.mark.parametrize(
    "statement", ["from tornado import web", "import tornado; web = tornado.web"]
)
def test_what_is_reached_through_the_package_is_imported_under_the_alias(statement: str) -> None:
    # Monitoring agents wait for that name.
    run(
        f"{ALIASES}import sys\n{statement}\n"
        "assert sys.modules['tornado.web'] is web\n"
        "from tornado import websocket, wsgi\n"
        "assert sys.modules['tornado.websocket'] is websocket\n"
    )


def test_importing_an_alias_imports_what_tornados_module_would_have_imported() -> None:
    printed = run(
        f"{ALIASES}import sys, tornado.web\n"
        "print(*sorted(m for m in sys.modules if m.startswith('tornado.')))\n"
    )
    wanted = "concurrent escape gen http1connection httpserver httputil ioloop iostream locale log"
    wanted += " netutil process routing tcpserver template util web"
    assert printed.split() == [f"tornado.{name}" for name in wanted.split()]


@pytest.mark.parametrize("name", ["tornado.nonsense", "tornado._web", "tornado._web.application"])
def test_no_alias_is_made_of_what_is_not_there_or_private(name: str) -> None:
    run(
        f"{ALIASES}import importlib\n"
        f"try: importlib.import_module({name!r})\n"
        f"except ModuleNotFoundError as error: assert {name!r}.startswith(error.name)\n"
        "else: raise SystemExit('imported')\n"
    )


def test_the_package_has_no_attribute_that_is_no_module() -> None:
    printed = run(f"{ALIASES}import tornado\nprint(hasattr(tornado, 'nonsense'))\n")
    assert printed.strip() == "False"


def test_a_module_has_what_tornados_has_from_others_and_no_more() -> None:
    run(
        f"{ALIASES}import tornado.web, tornado.gen, tornado.log\n"
        "assert tornado.web.app_log is tornado.log.app_log\n"
        "assert tornado.web.gen is tornado.gen\n"
        "from tornado.gen import IOLoop\n"
        "assert not hasattr(tornado.gen, 'HTTPServer')\n"
        "assert not hasattr(tornado.web, 'nonsense')\n"
    )


def test_every_borrowed_name_is_where_it_is_said_to_be() -> None:
    for name, owner in OWNER.items():
        assert hasattr(importlib.import_module(f"whirlwind.{owner}"), name), name


@pytest.mark.parametrize("first", ["", "import whirlwind.web, whirlwind.gen\n"])
def test_what_a_module_offers_says_that_it_comes_from_the_alias(first: str) -> None:
    # Monitoring agents name what they measure by it.
    run(
        f"{first}{ALIASES}import pickle, tornado.web, tornado.websocket\n"
        "from tornado import gen, httputil, ioloop\n"
        "assert tornado.web.ErrorHandler.__module__ == 'tornado.web'\n"
        "assert tornado.websocket.WebSocketHandler.__module__ == 'tornado.websocket'\n"
        "assert ioloop.IOLoop.__module__ == 'tornado.ioloop'\n"
        "assert gen.coroutine.__module__ == 'tornado.gen'\n"
        "headers = pickle.loads(pickle.dumps(httputil.HTTPHeaders(a='b')))\n"
        "assert headers == httputil.HTTPHeaders(a='b')\n"
        "error = pickle.loads(pickle.dumps(tornado.web.HTTPError(404)))\n"
        "assert type(error) is tornado.web.HTTPError\n"
    )


def test_a_patch_under_one_name_holds_under_the_other() -> None:
    run(
        f"{ALIASES}import unittest.mock, whirlwind.httpclient\n"
        "with unittest.mock.patch('tornado.httpclient.AsyncHTTPClient', 'patched'):\n"
        "    assert whirlwind.httpclient.AsyncHTTPClient == 'patched'\n"
    )


def test_motor_is_the_package_for_mongodb() -> None:
    pytest.importorskip("pymongo")
    run(
        f"{ALIASES}import motor, motor.motor_tornado\n"
        "from motor.motor_asyncio import AsyncIOMotorClient\n"
        "import whirlwind.mongo\n"
        "assert motor is whirlwind.mongo\n"
        "assert motor.motor_tornado is whirlwind.mongo.motor_tornado\n"
        "import importlib.metadata\n"
        "assert importlib.metadata.version('motor') == motor.version\n"
    )


def test_the_metadata_tell_the_version_of_the_interface() -> None:
    run(
        f"{ALIASES}from importlib import metadata\n"
        "import whirlwind\n"
        "assert metadata.version('tornado') == whirlwind.version\n"
        "assert metadata.version('Tornado') == whirlwind.version\n"
        "names = [one.name for one in metadata.distributions()]\n"
        "assert {'tornado', 'motor', 'click'} <= set(names)\n"
        "assert metadata.version('click')\n"
        "try: metadata.distribution('tornado').locate_file('x')\n"
        "except FileNotFoundError: pass\n"
    )


def test_the_loggers_have_tornados_names_and_the_settings_made_under_them() -> None:
    run(
        "import logging\n"
        "early = logging.getLogger('tornado.access')\n"
        "early.setLevel(logging.ERROR)\n"
        f"{ALIASES}from whirlwind.log import access_log, app_log, gen_log\n"
        "assert access_log.level == logging.ERROR\n"
        "names = ['tornado.access', 'tornado.application', 'tornado.general']\n"
        "assert [logging.getLogger(name) for name in names] == [access_log, app_log, gen_log]\n"
        "assert [one.name for one in (access_log, app_log, gen_log)] == names\n"
        "assert app_log.isEnabledFor(logging.WARNING)\n"
        "logging.getLogger('tornado').setLevel(logging.CRITICAL)\n"
        "assert not app_log.isEnabledFor(logging.WARNING)\n"
    )


def test_after_the_real_one_it_is_too_late() -> None:
    run(
        "import sys, types\n"
        "sys.modules['tornado'] = types.ModuleType('tornado')\n"
        "from whirlwind import legacy\n"
        "try: legacy.install()\n"
        "except RuntimeError as error: assert 'tornado was imported' in str(error)\n"
        "else: raise SystemExit('installed')\n"
    )


def test_a_second_call_changes_nothing() -> None:
    run(
        f"{ALIASES}import sys\nbefore = list(sys.meta_path)\n{ALIASES}"
        "assert sys.meta_path == before\n"
    )


def test_a_module_can_be_run_under_its_alias(tmp_path: Path) -> None:
    (tmp_path / "few_test.py").write_text(
        "from tornado.testing import AsyncTestCase\n"
        "class Few(AsyncTestCase):\n"
        "    def test_nothing(self): self.assertTrue(self.io_loop)\n"
    )
    program = (
        f"{ALIASES}import runpy, sys\n"
        "sys.argv[1:] = ['few_test']\n"
        "runpy.run_module('tornado.testing', run_name='__main__', alter_sys=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert "Ran 1 test" in done.stderr + done.stdout
    assert done.returncode == 0


CHILD = (
    "import subprocess, sys\n"
    "print(subprocess.run([sys.executable, *sys.argv[1:], '-c',"
    " 'import tornado.gen; print(tornado.gen.__spec__.name)'],"
    " capture_output=True, text=True).stdout)\n"
)


def test_children_have_the_aliases_where_they_were_asked_for() -> None:
    reaching = "from whirlwind import legacy; legacy.install(children=True)\n"
    assert run(reaching + CHILD).strip() == "whirlwind.gen"
    assert run(ALIASES + CHILD).strip() != "whirlwind.gen"


def test_the_children_of_children_have_them_too() -> None:
    printed = run(
        "from whirlwind import legacy\n"
        "legacy.install(children=True)\n"
        "legacy.install(children=True)\n"
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}])\n"
    )
    assert printed.strip() == "whirlwind.gen"


def test_a_sitecustomize_that_a_child_has_of_its_own_is_run(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('the hidden one')\n")
    child = "import sys, tornado; print(sum('children' in one for one in sys.path))"
    printed = run(
        "from whirlwind import legacy; legacy.install(children=True)\n"
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])\n",
        "-S",
        env={"PYTHONPATH": os.pathsep.join([*sys.path, str(tmp_path)])},
    )
    assert printed.split("\n")[:2] == ["the hidden one", "1"]


def test_children_whose_path_is_made_from_the_parents_have_the_aliases() -> None:
    # As pytest-jupyter starts its kernels.
    started = (
        "import os, subprocess, sys\n"
        "os.environ['PYTHONPATH'] = os.pathsep.join(sys.path)\n"
        "subprocess.run([sys.executable, '-c', sys.argv[1], *sys.argv[2:]])\n"
    )
    program = (
        "import sys; from whirlwind import legacy; legacy.install(children=True)\n"
        f"child = {CHILD!r}\n"
        f"sys.argv[1:] = [{started!r}, child]\n"
        f"exec({started!r})\n"
    )
    assert run(program).strip() == "whirlwind.gen"


def test_a_child_whose_python_has_no_whirlwind_is_left_alone() -> None:
    done = subprocess.run(
        [sys._base_executable, "-c", "print('ran')"],  # type: ignore[attr-defined]
        env={"PYTHONPATH": CHILDREN},
        capture_output=True,
        text=True,
    )
    assert (done.stdout.strip(), done.stderr) == ("ran", "")


def test_the_client_of_a_test_case_asks_once_on_each_connection_as_suites_know_it() -> None:
    program = (
        "import sys, unittest\n"
        "from tornado import httpclient, testing, web\n"
        "class Echo(web.RequestHandler):\n"
        "    def get(self): self.write(self.request.headers.get('Connection', '-'))\n"
        "class Case(testing.AsyncHTTPTestCase):\n"
        "    def get_app(self): return web.Application([('/', Echo)], log_function=print)\n"
        "    def test_what_it_says(self):\n"
        "        expected = self.expected.encode()\n"
        "        self.assertEqual(self.fetch('/').body, expected)\n"
        "        ask = lambda: self.http_client.fetch(self.get_url('/'))\n"
        "        fetched = self.io_loop.run_sync(ask)\n"
        "        self.assertEqual(fetched.body, expected)\n"
        "class SecureCase(testing.AsyncHTTPSTestCase, Case): pass\n"
        "class Client(httpclient.AsyncHTTPClient.configurable_default()):\n"
        "    def initialize(self, defaults=None): super().initialize(defaults=defaults)\n"
        "def tried(expected):\n"
        "    for case in Case, SecureCase:\n"
        "        case.expected = expected\n"
        "        result = unittest.TestResult()\n"
        "        case('test_what_it_says').run(result)\n"
        "        assert result.wasSuccessful(), (result.errors + result.failures)[0][1]\n"
        "tried('close')\n"
        "httpclient.AsyncHTTPClient.configure(Client)\n"
        "tried('-')\n"
    )
    run(ALIASES + program)
    run(program.replace("tornado", "whirlwind").replace("'close'", "'-'"))
