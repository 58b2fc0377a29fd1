"""Programs of others that our servers talk to, run as the processes they are."""

from __future__ import annotations

import asyncio
import os
import pathlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from whirlwind import testing


def program(name: str) -> str:
    """Return the path of a program; skip the test where there is none.

    Where ``WHIRLWIND_REQUIRE_PEERS`` is 1 its absence is a failure.
    """
    path = shutil.which(name, path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
    if path is None:
        if os.environ.get("WHIRLWIND_REQUIRE_PEERS") == "1":
            pytest.fail(f"{name} is not installed, and WHIRLWIND_REQUIRE_PEERS is 1")
        pytest.skip(f"{name} is not installed")
    return path


async def output_of(name: str, *arguments: str, given: bytes = b"") -> tuple[bytes, str]:
    """Run a program to its end.

    Args:
        name: The program.
        *arguments: Its arguments.
        given: Its standard input.

    Returns:
        What it wrote to its output, and to its standard error.
    """
    process = await asyncio.create_subprocess_exec(
        program(name),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await process.communicate(given)
    assert process.returncode == 0, (process.returncode, error)
    return out, error.decode()


NGINX = """
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 64m;
    upstream application {{ server 127.0.0.1:{port}; keepalive 4; }}
    server {{
        listen unix:{folder}/front.sock;
        location / {{
            proxy_pass http://application;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Real-IP 203.0.113.7;
            proxy_set_header X-Scheme https;
        }}
        location /upgraded/ {{
            proxy_pass http://application/;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_set_header Host $host;
            proxy_read_timeout 1s;
        }}
        location /unbuffered/ {{
            proxy_pass http://application;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_request_buffering off;
        }}
    }}
    server {{
        listen unix:{folder}/secure.sock ssl http2;
        ssl_certificate {certificate}.crt;
        ssl_certificate_key {certificate}.key;
        location / {{ proxy_pass http://application; }}
    }}
}}
"""


@asynccontextmanager
async def nginx_before(port: int, folder: pathlib.Path) -> AsyncIterator[str]:
    """Run nginx as a proxy to a port; yields the path of the Unix socket that it listens on.

    Beside it, ``secure.sock`` is for HTTP/2 on TLS.
    """
    configuration = folder / "nginx.conf"
    # As another user its worker could not write into a folder of ours.
    user = "user root;" if os.geteuid() == 0 else ""
    certificate = pathlib.Path(testing.__file__).parent / "test"
    configuration.write_text(
        NGINX.format(folder=folder, port=port, user=user, certificate=certificate)
    )
    process = await asyncio.create_subprocess_exec(
        program("nginx"),
        "-p",
        str(folder),
        "-e",
        str(folder / "error.log"),
        "-c",
        str(configuration),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    front = folder / "front.sock"
    try:
        waited = [front, folder / "secure.sock"]
        while waited:
            try:
                _, writer = await asyncio.open_unix_connection(str(waited[0]))
            except OSError:
                assert process.returncode is None, (folder / "error.log").read_text()
                await asyncio.sleep(0.01)  # it says in no other way that it listens
            else:
                writer.close()
                del waited[0]
        yield str(front)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
