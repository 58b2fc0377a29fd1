"""curl as a client."""

from __future__ import annotations

import json
import pathlib
import re
import socket
import ssl
from typing import Any

from tests.peers.application import PIECES, application
from tests.support.peers import output_of
from tests.support.raw_http import run, serving

from whirlwind.httpserver import HTTPServer
from whirlwind.netutil import bind_unix_socket
from whirlwind.testing import AsyncHTTPSTestCase


def curl(*arguments: str, given: bytes = b"", **options: Any) -> tuple[bytes, str]:
    """Run curl against a server; ``URL`` in its arguments is the server's, without a path."""
    got = []

    async def main() -> None:
        async with serving(application(), **options) as running:
            scheme = "https" if "ssl_options" in options else "http"
            url = f"{scheme}://127.0.0.1:{running.port}"
            here = [argument.replace("URL", url) for argument in arguments]
            got.append(await output_of("curl", "-sS", "--max-time", "9", *here, given=given))

    run(main)
    return got[0]


def test_several_requests_share_a_connection() -> None:
    body, said = curl("-v", "URL/", "URL/", "URL/")
    assert body == b"HelloHelloHello"
    assert said.count("Connected to") == 1
    assert said.count("Re-using existing connection") == 2


def test_head_has_no_body_and_the_connection_goes_on() -> None:
    head, said = curl("-v", "-I", "URL/", "URL/")
    assert head.count(b"HTTP/1.1 200 OK") == 2
    assert head.count(b"Content-Length: 5") == 2
    assert "Re-using existing connection" in said


def test_http_1_0() -> None:
    body, said = curl("-v", "-0", "URL/", "URL/pieces")
    assert body == b"Hello" + PIECES
    assert "Transfer-Encoding" not in said


def test_a_body_waits_for_100_continue() -> None:
    sent = bytes(range(256)) * 4096
    body, said = curl(
        "-v", "-H", "Expect: 100-continue", "--data-binary", "@-", "URL/echo", given=sent
    )
    assert body == sent
    assert "< HTTP/1.1 100 Continue" in said


def test_a_chunked_body() -> None:
    sent = bytes(range(256)) * 1024
    chunked = ("-H", "Transfer-Encoding: chunked", "-H", "Expect:", "-T", "-")
    assert curl(*chunked, "URL/echo", given=sent)[0] == sent
    assert curl(*chunked, "URL/count", given=sent)[0] == b"262144"


def test_a_multipart_form(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "a; näme.bin"
    file.write_bytes(b"\r\n--" * 1000)
    body, _ = curl(
        "-F",
        "name=Ada Lovelace",
        "-F",
        f'file=@"{file}"',
        "URL/form",
    )
    assert json.loads(body) == {
        "name": "Ada Lovelace",
        "filename": file.name,
        "type": "application/octet-stream",
        "size": 4000,
    }


def test_an_answer_in_pieces() -> None:
    body, said = curl("-v", "URL/pieces")
    assert body == PIECES
    assert "< Transfer-Encoding: chunked" in said


def test_cookies_and_redirects(tmp_path: pathlib.Path) -> None:
    jar = str(tmp_path / "jar")
    body, _ = curl("-b", jar, "-c", jar, "-L", "URL/counter", "URL/counter", "URL/old")
    assert body == b"12Hello"


def test_an_offer_of_http_2_is_ignored() -> None:
    body, said = curl("-v", "--http2", "URL/")
    assert body == b"Hello"
    assert "< HTTP/1.1 200 OK" in said


def test_tls() -> None:
    options = AsyncHTTPSTestCase.default_ssl_options()
    body, said = curl("-v", "-k", "URL/peer", "URL/peer", ssl_options=options)
    assert re.fullmatch(rb"(https 127\.0\.0\.1 127\.0\.0\.1:\d+ HTTP/1\.1){2}", body)
    assert "Re-using existing connection" in said


def test_tls_negotiates_http_1_1() -> None:
    options = AsyncHTTPSTestCase.default_ssl_options()
    _, said = curl("-v", "-k", "--http2", "URL/", ssl_options=options)
    assert "ALPN: server accepted http/1.1" in said


def test_a_client_shows_its_certificate() -> None:
    options = AsyncHTTPSTestCase.default_ssl_options()
    certificate = options["certfile"]
    options |= {"cert_reqs": ssl.CERT_REQUIRED, "ca_certs": certificate}
    shown = ("--cert", certificate, "--key", options["keyfile"])
    body, _ = curl("-k", *shown, "URL/certificate", ssl_options=options)
    assert [["commonName", "foo.example.com"]] in json.loads(body)["subject"]


def test_a_unix_socket(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "socket")
    got = []

    async def main() -> None:
        server = HTTPServer(application())
        listening: socket.socket = bind_unix_socket(path)
        server.add_socket(listening)
        got.append(await output_of("curl", "-sS", "--unix-socket", path, "http://name/peer"))
        server.stop()
        await server.close_all_connections()

    run(main)
    assert got[0][0] == b"http 0.0.0.0 name HTTP/1.1"
