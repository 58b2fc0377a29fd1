"""Starts the demo: ``python -m examples.guide``."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import webbrowser

import click

from examples.guide.services import Demo
from whirlwind.ioloop import IOLoop


@click.command(name="python -m examples.guide")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8888,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--browser/--no-browser", default=True, show_default=True, help="Open a browser on the page."
)
def main(host: str, port: int, browser: bool) -> None:
    """Show the coroutine guide's patterns running, on a page of their own."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    try:
        IOLoop.current().run_sync(lambda: _serve(host, port, browser))
    except OSError as error:
        click.echo(f"Cannot listen on {host}:{port}: {error.strerror or error}", err=True)
        if port:
            click.echo("Give another port with --port, or --port 0 for a free one.", err=True)
        sys.exit(1)


async def _serve(host: str, port: int, browser: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Demo(host, port) as demo:
        click.echo(f"The guide is at {demo.url} (Ctrl-C ends it)")
        if browser and _has_screen():
            await loop.run_in_executor(None, _open, demo.url)
        await stop.wait()
    click.echo("Stopped.")


def _has_screen() -> bool:
    # Without one, webbrowser falls back on text browsers, which would take over this terminal.
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open(url: str) -> None:
    try:
        webbrowser.open(url)
    except webbrowser.Error:
        pass  # no browser on this machine; the address is on the terminal


if __name__ == "__main__":
    main()
