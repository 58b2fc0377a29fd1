"""The commands, their options, and what the user is told.

Public package. Imports from rooms.

Exit codes: 0 after a stop that was asked for; 1 where the program or the machine is at fault (the
module raises, the port is taken); 2 where the command line is (no such module, no such name, no
application).
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from typing import Any, Final, NoReturn

import click

from whirlwind import legacy
from whirlwind._base.limits import SHUTDOWN_TIMEOUT
from whirlwind._base.log_format import LogFormatter
from whirlwind._net.worker_processes import fork_processes, task_id
from whirlwind._version import version
from whirlwind.cli import about, reload, target
from whirlwind.cli.program import run_file, run_module
from whirlwind.cli.serving import Serving, addresses, bind

# A day: whoever waits longer has forgotten that it stops.
_LONGEST_GRACE: Final = 86_400


@click.group(invoke_without_command=True)
@click.version_option(version, message="whirlwind %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Serve Tornado-style applications, run programs; alone, say what is installed."""
    if context.invoked_subcommand is None:
        for line in about.lines():
            click.echo(line)


@main.command()
@click.argument("app", metavar="MODULE:APP")
@click.option(
    "--port",
    default=8888,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Name or address to listen on; 0.0.0.0 or :: for all interfaces.",
)
@click.option(
    "--unix-socket", metavar="PATH", help="Listen on a Unix socket, instead of host and port."
)
@click.option("--reload", "reloads", is_flag=True, help="Start anew when a loaded module changes.")
@click.option(
    "--processes",
    default=1,
    show_default=True,
    type=click.IntRange(min=0),
    help="Processes that share the port; 0 for one per core.",
)
@click.option(
    "--grace",
    default=float(SHUTDOWN_TIMEOUT),
    show_default=True,
    type=click.FloatRange(0, _LONGEST_GRACE),
    metavar="SECONDS",
    help="Time that requests in progress get when the server stops.",
)
def serve(
    app: str,
    port: int,
    host: str,
    unix_socket: str | None,
    reloads: bool,
    processes: int,
    grace: float,
) -> None:
    """Serve the application that MODULE:APP names.

    APP is a whirlwind.web.Application in MODULE, or a function, plain or async, that returns one.

    SIGTERM and Ctrl-C stop it: no new connections, and requests in progress get --grace seconds. A
    second signal ends it at once.
    """
    if reloads and processes != 1:
        raise click.UsageError("--reload serves with one process: leave out --processes")
    if processes != 1 and not hasattr(os, "fork"):
        raise click.UsageError("--processes needs fork(), which this system has not")
    _set_up_logging()
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    sockets = reload.inherited() or _bind(host, port, unix_socket)
    started_as = os.getpid()
    try:
        if reloads:
            _serve_and_reload(app, sockets, grace)
        elif processes == 1:
            _serve(_find(app), app, sockets, grace)
        else:
            _serve_in_processes(app, sockets, grace, processes)
    finally:
        if unix_socket is not None and os.getpid() == started_as:
            _remove(unix_socket)


@main.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    # The program has a --help of its own.
    options_metavar="[-m]",
)
@click.option("-m", "module", is_flag=True, help="PROGRAM is the name of a module.")
@click.argument("program")
@click.argument("arguments", metavar="[ARGUMENTS]...", nargs=-1, type=click.UNPROCESSED)
def run(module: bool, program: str, arguments: tuple[str, ...]) -> None:
    """Run a program written for Tornado or Motor, unchanged.

    PROGRAM is a file, or a command of an installed package (jupyter-server); with -m, a module.
    Where it imports tornado it gets whirlwind, and whirlwind.mongo for motor; so do the Python
    processes that it starts. A real Tornado need not be installed, and is not imported.
    """
    legacy.install(children=True)
    if module:
        run_module(program, arguments)
    else:
        run_file(program, arguments)


def _serve(found: Any, app: str, sockets: list[socket.socket], grace: float) -> None:
    serving = Serving(found, app, sockets, grace=grace)
    try:
        serving.run(ready=lambda: _announce(app, sockets))
    except target.TargetError as error:
        _give_up(error)
    _take_leave(serving, grace)


def _serve_and_reload(app: str, sockets: list[socket.socket], grace: float) -> None:
    # A file saved twice in one second, at the same size, would match its old bytecode.
    sys.dont_write_bytecode = True
    try:
        serving = Serving(target.find(app), app, sockets, grace=grace, reload=True)
        serving.run(ready=lambda: _announce(app, sockets))
    except target.TargetError as error:
        if not error.mends:
            _give_up(error)
        # Before the user is told: a change made upon that is not to be missed.
        watcher = reload.watcher(error.files)
        _tell(error)
        click.echo("Waiting for a change ...", err=True)
        change = watcher.wait()
    else:
        if serving.changed is None:
            _take_leave(serving, grace)
            return
        change = serving.changed
    click.echo(f"{os.path.relpath(change)} changed: starting anew")
    reload.restart(sockets)


def _serve_in_processes(
    app: str, sockets: list[socket.socket], grace: float, processes: int
) -> None:
    found = _find(app)
    # The workers see the end of this pipe when the parent closes its own half, or dies. Until
    # they are all gone the parent waits for them, inside fork_processes.
    alive, life = os.pipe()
    # What no restart would mend, an application that cannot be made, comes back through this one.
    verdicts, verdict = os.pipe()
    os.set_blocking(verdicts, False)
    stopped: list[bool] = []

    def stop(*_: object) -> None:
        if not stopped:
            stopped.append(True)
            os.close(life)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    _announce(app, sockets)
    try:
        fork_processes(processes)
    except RuntimeError as error:  # workers died again and again
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except SystemExit:
        _end_with_workers(verdicts)
    stop()
    serving = Serving(found, app, sockets, grace=grace, parent=alive)
    try:
        serving.run(ready=lambda: None)
    except target.TargetError as error:
        _tell(error)
        os.write(verdict, bytes([error.exit_code]))
        os.kill(os.getppid(), signal.SIGTERM)
    else:
        _take_leave(serving, grace)


def _end_with_workers(verdicts: int) -> NoReturn:
    try:
        (code, *_) = os.read(verdicts, 1)
    except BlockingIOError:
        click.echo("Stopped.")
        sys.exit(0)
    sys.exit(code)


def _find(app: str) -> Any:
    try:
        return target.find(app)
    except target.TargetError as error:
        _give_up(error)


def _bind(host: str, port: int, unix_socket: str | None) -> list[socket.socket]:
    try:
        return bind(host, port, unix_socket)
    except OSError as error:
        where = unix_socket if unix_socket is not None else f"{host or '*'}:{port}"
        reason = error.strerror or str(error)
        click.echo(f"Error: cannot listen on {where}: {reason}", err=True)
        sys.exit(1)


def _give_up(error: target.TargetError) -> NoReturn:
    _tell(error)
    sys.exit(error.exit_code)


def _tell(error: target.TargetError) -> None:
    if error.trace:
        click.echo(error.trace, err=True, nl=False)
    click.echo(f"Error: {error}", err=True)


def _announce(app: str, sockets: list[socket.socket]) -> None:
    for address in addresses(sockets):
        click.echo(f"Serving {app} at {address}")


def _take_leave(serving: Serving, grace: float) -> None:
    if serving.cut_off:
        click.echo(f"Stopped; requests were cut off after {grace:g} s (--grace).", err=True)
    elif task_id() is None:  # with workers, the parent says it once
        click.echo("Stopped.")


def _remove(unix_socket: str) -> None:
    try:
        os.unlink(unix_socket)
    except FileNotFoundError:
        pass


def _set_up_logging() -> None:
    root = logging.getLogger()
    if not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(LogFormatter())
        root.addHandler(handler)
        root.setLevel(logging.INFO)
