"""Every block of Python in the documentation and the README runs."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.code_blocks import PageError, blocks_of, run_page
from tests.support.mongo_server import database_name, mongo_server, mongo_uri
from tests.support.upstream import Upstream, upstream, upstream_server

from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.ioloop import IOLoop

__all__ = ["database_name", "mongo_server", "mongo_uri", "upstream", "upstream_server"]

ROOT = Path(__file__).parents[2]
PAGES = [
    path
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if "_build" not in path.parts
]


@pytest.fixture
def namespace(upstream: Upstream, mongo_uri: str, database_name: str) -> Iterator[dict[str, Any]]:
    """What a page's hidden blocks find, on a loop of the page's own.

    ``upstream`` serves pages (tests/support/upstream.py), ``mongo_uri`` and ``database_name``
    are of a MongoDB server, ``port`` is free, and ``run(function)`` runs a coroutine function.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    loop = IOLoop(make_current=True)
    yield {
        "__name__": "page",
        "upstream": upstream,
        "mongo_uri": mongo_uri,
        "database_name": database_name,
        "port": port,
        "run": loop.run_sync,
    }

    async def close() -> None:
        AsyncHTTPClient().close()

    loop.run_sync(close)
    loop.close(all_fds=True)
    asyncio.set_event_loop(None)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_blocks_of_a_page_run_in_order(path: Path, namespace: dict[str, Any]) -> None:
    run_page(path, namespace)


def test_the_guide_has_blocks() -> None:
    assert len(blocks_of(ROOT / "docs" / "guide" / "coroutines.md")) > 20


def test_hidden_blocks_replacements_and_places_are_understood(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "Text\n\n<!-- setup\nnumber = 41\n-->\n<!-- in tests, 8888 is number -->\n"
        "```python\nseen.append(8888 + 1)\n```\n```text\nno python\n```\n"
        "```python\n1 / 0\n```\n",
        encoding="utf-8",
    )
    seen: list[int] = []
    with pytest.raises(ZeroDivisionError) as caught:
        run_page(page, {"seen": seen})
    assert seen == [42]
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (Path(last.filename), last.lineno) == (page, 14)


@pytest.mark.parametrize(
    "text",
    [
        "```py\n1\n```\n",
        "```{code-block} python\n1\n```\n",
        "```python\n1\n",
        "<!-- setup\n1\n",
    ],
)
def test_python_that_would_not_be_run_is_an_error(text: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(PageError, match=r"page\.md:1: "):
        blocks_of(page)
