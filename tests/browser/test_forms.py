"""Cookies and forms in a real browser, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from tests.conftest import LogWatch
from tests.support.served import ServedApplication

from whirlwind import web

pytestmark = pytest.mark.browser

PATIENCE = 30


class Page(web.RequestHandler):
    """Shows who is logged in, and asks for a name: with a token, without, or by a script."""

    def get_current_user(self) -> str | None:
        user = self.get_signed_cookie("user")
        return user.decode() if user is not None else None

    def get(self) -> None:
        field = "" if self.get_argument("without", None) else self.xsrf_form_html()
        self.write(
            f"""<!doctype html><title>{self.current_user}</title>
            <form method="post" action="/login">{field}
            <input name="name" value="Zo&euml; &amp; Ada"><button>Log in</button></form>"""
        )


class Login(Page):
    def post(self) -> None:
        self.set_signed_cookie("user", self.get_body_argument("name"), samesite="Lax")
        self.redirect("/")

    def put(self) -> None:
        self.write("put")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.finish(f"<!doctype html><title>refused: {status_code}</title>")


class Members(Page):
    @web.authenticated
    def get(self) -> None:
        self.write(f"<!doctype html><title>member {self.current_user}</title>")


class Elsewhere(web.RequestHandler):
    """A page of another site, with a form that goes to ours."""

    def get(self) -> None:
        target = self.get_argument("target")
        self.write(
            f"""<!doctype html><title>elsewhere</title><form method="post" action="{target}">
            <input name="name" value="Mallory"><button>Win</button></form>"""
        )


HANDLERS: list[Any] = [("/", Page), ("/login", Login), ("/members", Members)]


@pytest.fixture(scope="module")
def served() -> Iterator[ServedApplication]:
    application = web.Application(
        HANDLERS,
        cookie_secret="secret of this test",
        login_url="/",
        xsrf_cookies=True,
        log_function=lambda handler: None,
    )
    with ServedApplication(application) as running:
        yield running


def address(running: ServedApplication, host: str = "127.0.0.1") -> str:
    return f"http://{host}:{running.port}"


def submit(browser: Chrome, title: str) -> None:
    """Press the form's button and wait for the page that has this title."""
    browser.find_element(By.TAG_NAME, "button").click()
    WebDriverWait(browser, PATIENCE).until(lambda b: b.title == title, f"{browser.title}")


@pytest.fixture(autouse=True)
def no_cookies(browser: Chrome, served: ServedApplication) -> None:
    browser.get(address(served))
    browser.delete_all_cookies()


def test_a_form_with_its_token_is_taken_and_the_signed_cookie_comes_back(
    browser: Chrome, served: ServedApplication
) -> None:
    browser.get(address(served))
    assert browser.title == "None"
    submit(browser, "Zo\xeb & Ada")
    browser.get(address(served) + "/members")
    assert browser.title == "member Zo\xeb & Ada"
    cookies = {cookie["name"]: cookie for cookie in browser.get_cookies()}
    assert set(cookies) == {"_xsrf", "user"}
    assert cookies["user"]["sameSite"] == "Lax"
    assert cookies["user"]["value"].strip('"').startswith("2|1:0|10:")


def test_a_signed_cookie_that_was_changed_is_none(
    browser: Chrome, served: ServedApplication
) -> None:
    browser.get(address(served))
    submit(browser, "Zo\xeb & Ada")
    cookie = browser.get_cookie("user")
    assert cookie is not None
    value = cookie["value"].strip('"')
    browser.delete_cookie("user")
    browser.add_cookie({"name": "user", "value": value})
    browser.get(address(served))
    assert browser.title == "Zo\xeb & Ada"
    browser.add_cookie({"name": "user", "value": value[:-1] + ("0" if value[-1] != "0" else "1")})
    browser.get(address(served))
    assert browser.title == "None"


def test_a_form_without_a_token_is_refused(
    browser: Chrome, served: ServedApplication, logs: LogWatch
) -> None:
    browser.get(address(served))
    browser.get(address(served) + "/?without=1")
    with logs.expect("whirlwind.general", "^403 POST /login .*'_xsrf' argument missing"):
        submit(browser, "refused: 403")
    browser.get(address(served))
    assert browser.title == "None"


def test_a_script_sends_the_token_as_a_header(
    browser: Chrome, served: ServedApplication, logs: LogWatch
) -> None:
    browser.get(address(served))
    script = """
        const token = document.cookie.match(/\\b_xsrf=([^;]*)/)[1];
        const headers = arguments[0] ? {"X-XSRFToken": token} : {};
        const answer = await fetch("/login", {method: "PUT", headers});
        return answer.status;
    """
    assert browser.execute_script(script, True) == 200
    with logs.expect("whirlwind.general", "^403 PUT /login"):
        assert browser.execute_script(script, False) == 403


def test_a_page_elsewhere_is_refused_by_what_the_browser_says_of_it(
    browser: Chrome, logs: LogWatch
) -> None:
    """Without tokens: ``cross_origin_protection`` asks ``Sec-Fetch-Site`` and ``Origin``."""
    ours = web.Application(
        HANDLERS,
        cookie_secret="secret of this test",
        cross_origin_protection=True,
        log_function=lambda handler: None,
    )
    theirs = web.Application([("/", Elsewhere)], log_function=lambda handler: None)
    with ServedApplication(ours) as running, ServedApplication(theirs) as other:
        target = address(running)
        browser.get(target + "/?without=1")
        submit(browser, "Zo\xeb & Ada")
        # Another host name, so that it is another site and not only another port.
        browser.get(f"{address(other, 'localhost')}/?target={target}/login")
        with logs.expect("whirlwind.general", "^403 POST /login .*(Sec-Fetch-Site|Origin)"):
            submit(browser, "refused: 403")
        browser.get(target)
        assert browser.title == "Zo\xeb & Ada"
