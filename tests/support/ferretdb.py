"""FerretDB: a second real server, written against MongoDB's protocol by other people.

It is built from source with the Go toolchain, once, into a cache folder, and runs as a process
of its own with its SQLite back end: a server that can be killed. Without a toolchain and without
a built one it is not there, and tests run against the other servers.
"""

from __future__ import annotations

import faulthandler
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import IO, Final

VERSION: Final = "v1.24.1"
MODULE: Final = f"github.com/FerretDB/FerretDB@{VERSION}"
CACHE: Final = (
    Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "whirlwind" / "ferretdb"
)
BINARY: Final = CACHE / f"ferretdb-{VERSION}"

_LISTENING: Final = re.compile(r"Listening on TCP 127\.0\.0\.1:(\d+)")


def is_available() -> bool:
    """True if the server is built, or can be; ``WHIRLWIND_FERRETDB=off`` says no."""
    if os.environ.get("WHIRLWIND_FERRETDB") == "off":
        return False
    return BINARY.exists() or shutil.which("go") is not None


def built() -> Path:
    """Return the server's program; the first call on a machine takes minutes.

    Raises:
        RuntimeError: The build failed, with what it said.
    """
    if BINARY.exists():
        return BINARY
    # Downloading and compiling takes longer than the time that one test has; see pyproject.toml.
    faulthandler.cancel_dump_traceback_later()
    CACHE.mkdir(parents=True, exist_ok=True)
    answer = json.loads(_go("mod", "download", "-json", MODULE, folder=CACHE))
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        source = Path(work) / "source"
        shutil.copytree(answer["Dir"], source, copy_function=shutil.copyfile)
        for folder in (source, *(path for path in source.rglob("*") if path.is_dir())):
            folder.chmod(0o755)  # the module cache is read-only, and the copy would be
        # A release has this file; a program built from the module alone ends at once without.
        (source / "build" / "version" / "version.txt").write_text(VERSION, encoding="ascii")
        program = Path(work) / "ferretdb"
        _go("build", "-o", str(program), "./cmd/ferretdb", folder=source)
        program.replace(BINARY)
    return BINARY


def _go(*arguments: str, folder: Path) -> str:
    done = subprocess.run(
        ["go", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(
            f"FerretDB was not built (WHIRLWIND_FERRETDB=off goes without): {done.stderr[-2000:]}"
        )
    return done.stdout


class FerretDB:
    """One server process on a folder of its own; a context.

    Args:
        folder: Where the data is, or will be.
        port: The port to listen on; 0 takes a free one.

    Attributes:
        port: The port that clients connect to.
        uri: What to give to ``MotorClient``.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        data = folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [
                built(),
                "--handler=sqlite",
                f"--sqlite-url=file:{data}/",
                f"--listen-addr=127.0.0.1:{port}",
                "--debug-addr=-",
                "--telemetry=disable",
                f"--state-dir={folder}",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
        )
        assert self._process.stdout is not None
        self._output: IO[str] = self._process.stdout
        self.port = self._port_it_found()
        # It logs every connection: with a pipe that nobody empties it stands still one day.
        self._reader = threading.Thread(target=self._read_on, daemon=True)
        self._reader.start()
        self.uri = f"mongodb://127.0.0.1:{self.port}/"

    def _port_it_found(self) -> int:
        said = []
        for line in self._output:
            said.append(line)
            if (found := _LISTENING.search(line)) is not None:
                return int(found[1])
        raise RuntimeError(f"FerretDB did not start: {''.join(said)[-2000:]}")

    def _read_on(self) -> None:
        for _ in self._output:
            pass

    def close(self) -> None:
        """Kill the process; calling it again does nothing."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._output.close()

    def __enter__(self) -> FerretDB:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
