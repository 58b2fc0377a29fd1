"""``python -m whirlwind.httpclient URL``: fetches URLs and prints what came.

Layer: HTTP. Imports from this package.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from whirlwind._http.client.blocking import HTTPClient
from whirlwind._http.client.response import HTTPClientError

_SWITCHES = (
    ("print_headers", False, "print the header of each response"),
    ("print_body", True, "print the body of each response"),
    ("follow_redirects", True, "follow redirects"),
    ("validate_cert", True, "check certificates"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetch the URLs on the command line, one after the other.

    Args:
        arguments: The command line without the program's name; None for the process's own.

    Raises:
        SystemExit: The command line is wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m whirlwind.httpclient")
    for name, default, text in _SWITCHES:
        parser.add_argument(f"--{name}", default=default, type=_truth, help=text)
    parser.add_argument("--proxy_host", help="name or address of an HTTP proxy")
    parser.add_argument("--proxy_port", type=int, help="its port")
    parser.add_argument("url", nargs="*")
    # A switch may stand alone, or have "=no" behind it; what follows it is a URL in any case.
    alone = {f"--{name}" for name, _, _ in _SWITCHES}
    words = sys.argv[1:] if arguments is None else arguments
    given = parser.parse_args([f"{word}=true" if word in alone else word for word in words])
    client = HTTPClient()
    try:
        for url in given.url:
            try:
                response = client.fetch(
                    url,
                    follow_redirects=given.follow_redirects,
                    validate_cert=given.validate_cert,
                    proxy_host=given.proxy_host,
                    proxy_port=given.proxy_port,
                )
            except HTTPClientError as error:
                if error.response is None:
                    raise
                response = error.response
            if given.print_headers:
                print(response.headers)  # noqa: T201  what the command is for
            if given.print_body:
                sys.stdout.write(response.body.decode("utf-8", "replace") + "\n")
    finally:
        client.close()


def _truth(text: str) -> bool:
    return text.lower() not in ("false", "0", "f", "no")
