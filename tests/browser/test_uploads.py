"""A form with files in a real browser: what it sends is on the disk."""

from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.wait import WebDriverWait
from tests.demo.conftest import browsers
from tests.support.browsers import Browsers
from tests.support.threaded_server import ThreadedServer

from whirlwind import web

__all__ = ["browsers"]

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><meta charset="utf-8"><title>Upload</title>
<form method="post" enctype="multipart/form-data">
  <input name="title"><textarea name="note"></textarea>
  <input name="files" type="file" multiple><input name="none" type="file">
  <button>Send</button>
</form>"""


@web.stream_request_body
class Upload(web.RequestHandler):
    def initialize(self, folder: Path, received: list[dict[str, Any]]) -> None:
        self.folder = folder
        self.received = received

    def get(self) -> None:
        self.write(PAGE)

    async def post(self) -> None:
        async for part in self.multipart(max_body_size=2**30):
            one: dict[str, Any] = {"name": part.name, "filename": part.filename}
            if part.filename is None:
                one["text"] = await part.text()
            else:
                one["path"] = self.folder / uuid.uuid4().hex
                one["type"] = part.content_type
                one["size"] = await part.save(one["path"])
            self.received.append(one)
        self.write("<p id=done>stored</p>")


def test_files_of_a_form_are_streamed_to_disk(tmp_path: Path, browsers: Browsers) -> None:
    large, small = tmp_path / 'naïve "plan".bin', tmp_path / "small.txt"
    content = os.urandom(2**20) * 24
    large.write_bytes(content)
    small.write_text("--small\r\n", encoding="utf-8")
    folder = tmp_path / "stored"
    folder.mkdir()
    received: list[dict[str, Any]] = []
    application = web.Application(
        [("/", Upload, {"folder": folder, "received": received})],
        log_function=lambda handler: None,
    )
    # Of a server that would take 1 MB of any other request.
    with ThreadedServer(application, max_body_size=1_000_000) as server:
        browser = browsers.open()
        browser.get(server.url)
        browser.find_element(By.NAME, "title").send_keys("Plan ü")
        browser.find_element(By.NAME, "note").send_keys("one\ntwo")
        browser.find_element(By.NAME, "files").send_keys(f"{large}\n{small}")
        browser.find_element(By.TAG_NAME, "button").click()
        done = WebDriverWait(browser, 60).until(
            expected_conditions.presence_of_element_located((By.ID, "done"))
        )
        assert done.text == "stored"

    title, note, first, second, none = received
    assert (title["text"], note["text"]) == ("Plan ü", "one\r\ntwo")
    # Browsers write a quote as %22: WHATWG HTML, section 4.10.21.8.
    assert first["filename"] == "naïve %22plan%22.bin"
    assert first["type"] == "application/octet-stream"
    assert first["size"] == len(content)
    stored = hashlib.sha256(first["path"].read_bytes()).hexdigest()
    assert stored == hashlib.sha256(content).hexdigest()
    assert (second["filename"], second["type"]) == ("small.txt", "text/plain")
    assert second["path"].read_bytes() == b"--small\r\n"
    assert (none["name"], none["filename"], none["text"]) == ("none", None, "")
    assert len(os.listdir(folder)) == 2
