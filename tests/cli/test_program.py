"""``whirlwind run``, as real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

SERVES = """
import sys, urllib.request, threading
import tornado.ioloop
import tornado.web

class Hello(tornado.web.RequestHandler):
    def get(self):
        self.write("hello")

async def main():
    server = tornado.web.Application([("/", Hello)]).listen(0, "127.0.0.1")
    (socket,) = server._sockets.values()
    url = f"http://127.0.0.1:{socket.getsockname()[1]}/"
    loop = tornado.ioloop.IOLoop.current()
    body = await loop.run_in_executor(None, lambda: urllib.request.urlopen(url).read())
    print(body.decode(), *sys.argv[1:], tornado.web.__spec__.name)
    server.stop()
    await server.close_all_connections()

tornado.ioloop.IOLoop.current().run_sync(main)
"""


def run(*arguments: str, folder: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "whirlwind", "run", *arguments],
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
    )


def test_a_program_of_tornados_serves_and_gets_its_own_arguments(tmp_path: Path) -> None:
    (tmp_path / "serves.py").write_text(SERVES)
    done = run("serves.py", "--help", "-m", "x", folder=tmp_path)
    assert done.stdout == "hello --help -m x whirlwind.web\n"
    assert done.returncode == 0


def test_a_file_finds_the_modules_beside_it_and_knows_its_name(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "beside.py").write_text("word = 'beside'\n")
    (inner / "program.py").write_text(
        "import beside, sys\nprint(beside.word, __name__, __file__, sys.argv)\n"
    )
    done = run("inner/program.py", "a", folder=tmp_path)
    assert done.stdout == "beside __main__ inner/program.py ['inner/program.py', 'a']\n"


def test_a_module_is_run_as_by_python_m(tmp_path: Path) -> None:
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(
        "import sys, tornado.web\nprint(__package__, sys.argv[1:], tornado.web.__spec__.name)\n"
    )
    done = run("-m", "shop", "--port", "1", folder=tmp_path)
    assert done.stdout == "shop ['--port', '1'] whirlwind.web\n"


def test_an_archive_is_run(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "shop.pyz", "w") as archive:
        archive.writestr("__main__.py", "import goods\nprint(goods.word)\n")
        archive.writestr("goods.py", "word = 'packed'\n")
    assert run("shop.pyz", folder=tmp_path).stdout == "packed\n"


def test_a_command_of_an_installed_package_is_run_by_its_name(tmp_path: Path) -> None:
    done = run("pytest", "--version", folder=tmp_path)
    assert done.stdout.startswith("pytest ")
    assert done.returncode == 0


def test_the_exit_code_is_the_programs(tmp_path: Path) -> None:
    (tmp_path / "ends.py").write_text("import sys; sys.exit(7)\n")
    assert run("ends.py", folder=tmp_path).returncode == 7


def test_an_error_is_shown_as_python_shows_it_and_from_the_programs_first_line(
    tmp_path: Path,
) -> None:
    (tmp_path / "wrong.py").write_text("def f():\n    1 / 0\nf()\n")
    done = run("wrong.py", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(
        'Traceback (most recent call last):\n  File "wrong.py", line 3, in <module>'
    )
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_the_end_of_input_is_an_error_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "asks.py").write_text("input()\n")
    done = run("asks.py", folder=tmp_path)
    assert done.returncode == 1
    assert "EOFError" in done.stderr


def test_ctrl_c_reaches_the_program(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text("print('ready', flush=True)\ninput()\n")
    with subprocess.Popen(
        [sys.executable, "-m", "whirlwind", "run", "waits.py"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert "KeyboardInterrupt" in errors
    assert process.returncode == 130


def test_the_processes_that_a_program_starts_have_whirlwind_too(tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(
        "import multiprocessing as mp\n"
        "def work(queue):\n"
        "    import tornado.gen\n"
        "    queue.put(tornado.gen.__spec__.name)\n"
        "if __name__ == '__main__':\n"
        "    context = mp.get_context('spawn')\n"
        "    queue = context.Queue()\n"
        "    process = context.Process(target=work, args=(queue,))\n"
        "    process.start()\n"
        "    print(queue.get())\n"
        "    process.join()\n"
    )
    done = run("parent.py", folder=tmp_path)
    assert done.stdout == "whirlwind.gen\n"


def test_what_is_neither_a_file_nor_a_command_is_told(tmp_path: Path) -> None:
    done = run("nothing-of-that-name", folder=tmp_path)
    assert done.returncode == 2
    assert "'nothing-of-that-name' is neither a file nor a command" in done.stderr


def test_a_module_that_is_not_there_is_told_by_python(tmp_path: Path) -> None:
    done = run("-m", "nothing_of_that_name", folder=tmp_path)
    assert done.returncode == 1
    assert "No module named nothing_of_that_name" in done.stderr


def test_the_environment_of_the_caller_is_kept(tmp_path: Path) -> None:
    (tmp_path / "says.py").write_text("import os; print(os.environ['PYTHONPATH'])\n")
    done = subprocess.run(
        [sys.executable, "-m", "whirlwind", "run", "says.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*filter(None, sys.path), "/elsewhere"])},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip().endswith(os.pathsep + "/elsewhere")
