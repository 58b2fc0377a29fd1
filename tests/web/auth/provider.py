"""A provider and a program that uses it, both real servers, and a browser that keeps cookies."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.raw_http import run, serving

from whirlwind import web
from whirlwind.httpclient import AsyncHTTPClient, HTTPResponse

Answer = str | bytes | dict[str, Any] | tuple[int, str | dict[str, Any]]


class Provider:
    """What a provider answers, by path, and what it was asked.

    Attributes:
        url: Where it is.
        answers: Path to answer: a body, or a status and a body.
        asked: Method, path, parameters of the query, and body of each request.
    """

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str, dict[str, str], str]] = []

    def last(self) -> tuple[str, str, dict[str, str], str]:
        return self.asked[-1]


class _ProviderHandler(web.RequestHandler):
    def initialize(self, provider: Provider) -> None:
        self.provider = provider

    def get(self) -> None:
        request = self.request
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        self.provider.asked.append(
            (str(request.method), request.path, query, request.body.decode())
        )
        answer = self.provider.answers.get(request.path, (404, "nothing here"))
        if isinstance(answer, tuple):
            self.set_status(answer[0])
            self.finish(answer[1])
        else:
            self.finish(answer)

    post = get


class Browser:
    """Sends requests to the program, and cookies back to it; follows no redirect."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cookies: dict[str, str] = {}
        self.set_cookies: list[str] = []

    async def get(self, path: str) -> HTTPResponse:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response: HTTPResponse = await AsyncHTTPClient().fetch(
            self.url + path,
            headers={"Cookie": cookies} if cookies else {},
            follow_redirects=False,
            raise_error=False,
        )
        self.set_cookies = response.headers.get_list("Set-Cookie")
        for line in self.set_cookies:
            for name, morsel in SimpleCookie(line).items():
                if morsel.value:
                    self.cookies[name] = morsel.coded_value
                else:
                    self.cookies.pop(name, None)
        return response


def query_of(response: HTTPResponse) -> dict[str, str]:
    """Return the parameters of the address that a response redirects to."""
    return dict(parse_qsl(urlsplit(response.headers["Location"]).query))


def with_provider(
    make: Callable[[Provider], type[web.RequestHandler]],
    story: Callable[[Provider, Browser], Awaitable[None]],
    **settings: Any,
) -> None:
    """Run a story with a provider, and with a program whose one handler answers every path.

    Args:
        make: Makes the handler, once it is known where the provider is.
        story: What happens.
        **settings: Of the program.
    """
    provider = Provider()

    async def main() -> None:
        quiet: dict[str, Any] = {"log_function": lambda handler: None}
        service = web.Application([(r"/.*", _ProviderHandler, {"provider": provider})], **quiet)
        async with serving(service) as there:
            provider.url = f"http://127.0.0.1:{there.port}"
            program = web.Application([(r"/.*", make(provider))], **quiet, **settings)
            async with serving(program) as here:
                try:
                    await story(provider, Browser(f"http://127.0.0.1:{here.port}"))
                finally:
                    AsyncHTTPClient().close()

    run(main)


def body_of(response: HTTPResponse) -> Any:
    """Return the JSON of a response."""
    assert response.code == 200, response.body
    return json.loads(response.body)
