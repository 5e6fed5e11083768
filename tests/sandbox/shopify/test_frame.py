"""The admin's frame: how it addresses the app, and what App Bridge does inside it."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.chromium import page_of

from .stand_in import AURORA, CLIENT_ID, SECRET, App, StandIn, wait_until

# An app of three buttons and a link, as small as App Bridge lets it be.
PAGE = """<!doctype html><html><head><title>{title}</title>
<script src="{bridge}" data-api-key="client-of-the-tests"></script></head><body>
<s-app-nav><a href="/app" rel="home">Home</a><a href="/app/members">Members</a></s-app-nav>
<main id="main">{title}</main>
<button onclick="send()">Send</button>
<button onclick="shopify.toast.show('Saved', {{isError: false}})">Toast</button>
<button onclick="history.pushState(null, '', '/app/members/7')">Push</button>
<form data-save-bar onsubmit="document.title='submitted'; return false"><input name="x"></form>
<script>
async function send() {{
  const answer = await fetch('/app/data', {{method: 'POST'}});
  document.getElementById('main').textContent = await answer.text();
}}
</script></body></html>"""


class Framed(App):
    """An app with pages: asks for a token as ours does, and notes each request."""

    bridge = ""

    def start(self) -> str:
        framed = self
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.refusals = 0

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                framed.requests.append(("GET", self.path, {}))
                url = urlsplit(self.path)
                query = parse_qs(url.query)
                if url.path.startswith("/app") and "id_token" not in query:
                    target = f"http://{self.headers['Host']}{self.path}"
                    self.answer(302, "", Location=f"/bounce?shopify-reload={target}")
                else:
                    title = "Members" if "members" in url.path else "Dashboard"
                    self.answer(200, PAGE.format(title=title, bridge=framed.bridge))

            def do_POST(self) -> None:
                token = self.headers.get("Authorization", "")
                framed.requests.append(("POST", self.path, {"authorization": token}))
                if framed.refusals:
                    framed.refusals -= 1
                    self.answer(401, "", **{"X-Shopify-Retry-Invalid-Session-Request": "1"})
                else:
                    self.answer(200, "answered")

            def answer(self, status: int, body: str, **headers: str) -> None:
                self.send_response(status)
                for name, value in {"Content-Type": "text/html", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *parts: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://localhost:{self.server.server_address[1]}"

    def posts(self) -> list[str]:
        return [
            headers["authorization"] for method, _, headers in self.requests if method == "POST"
        ]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StandIn, Framed]]:
    app = Framed()
    url = app.start()
    size = ["--customers", "2", "--orders", "2"]
    stand_in = StandIn(tmp_path_factory.mktemp("frame"), app, url, arguments=size)
    app.bridge = f"{stand_in.url}/app-bridge.js"
    yield stand_in, app
    stand_in.stop()
    app.stop()


def test_the_frame_installs_the_app_and_signs_its_address(world: tuple[StandIn, Framed]) -> None:
    stand_in, _ = world
    page = stand_in.session.get(f"{stand_in.url}/store/aurora/apps/encore/members?tier=gold").text

    source = page.split('src="http://localhost', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    url = urlsplit(f"http://localhost{source}")
    query = {key: values[0] for key, values in parse_qs(url.query).items()}
    message = "&".join(f"{key}={query[key]}" for key in sorted(query) if key != "hmac")
    claims = jwt.decode(query["id_token"], SECRET, ["HS256"], audience=CLIENT_ID)
    assert url.path == "/app/members"
    assert (query["embedded"], query["shop"], query["tier"]) == ("1", AURORA, "gold")
    assert query["hmac"] == hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()
    assert claims["dest"] == f"https://{AURORA}"
    assert stand_in.get("/_control/state")["is_installed"]


def test_an_unknown_store_or_person_is_404(world: tuple[StandIn, Framed]) -> None:
    stand_in, _ = world
    for path in ("/store/nobody/apps/encore", "/store/aurora/apps/encore?user=1"):
        assert stand_in.session.get(stand_in.url + path).status_code == 404


def test_the_script_of_app_bridge_is_served_as_javascript(world: tuple[StandIn, Framed]) -> None:
    answer = world[0].session.get(f"{world[0].url}/app-bridge.js")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(("text/javascript", "application/javascript"))


def opened(stand_in: StandIn, page: Page, path: str = "") -> FrameLocator:
    """The app's frame in the admin."""
    page.goto(f"{stand_in.url}/store/aurora/apps/encore{path}")
    return page.frame_locator("#app")


@pytest.mark.browser
def test_fetch_carries_a_token_and_retries_once_with_a_new_one(
    world: tuple[StandIn, Framed], browser: Browser
) -> None:
    stand_in, app = world
    with page_of(browser) as page:
        frame = opened(stand_in, page)
        app.requests.clear()
        app.refusals = 1
        frame.get_by_role("button", name="Send").click()
        expect(frame.locator("#main")).to_have_text("answered")

    first, second = app.posts()
    assert first.startswith("Bearer ")
    assert first != second
    jwt.decode(second.removeprefix("Bearer "), SECRET, ["HS256"], audience=CLIENT_ID)


@pytest.mark.browser
def test_the_menu_of_the_app_leads_through_the_bounce_page(
    world: tuple[StandIn, Framed], browser: Browser
) -> None:
    stand_in, app = world
    with page_of(browser) as page:
        frame = opened(stand_in, page)
        app.requests.clear()
        page.get_by_role("link", name="Members").click()
        expect(frame.locator("#main")).to_have_text("Members")
        expect(page.locator("#title")).to_have_text("Members")
        address = page.url

    paths = [urlsplit(path).path for _, path, _ in app.requests]
    assert paths == ["/app/members", "/bounce", "/app/members"]
    assert address == f"{stand_in.url}/store/aurora/apps/encore/members"


@pytest.mark.browser
def test_toast_save_bar_and_address_are_drawn_by_the_admin(
    world: tuple[StandIn, Framed], browser: Browser
) -> None:
    stand_in, _ = world
    with page_of(browser) as page:
        frame = opened(stand_in, page)
        frame.get_by_role("button", name="Toast").click()
        expect(page.get_by_role("status")).to_contain_text("Saved")
        frame.get_by_role("button", name="Push").click()
        wait_until(lambda: page.url.endswith("/apps/encore/members/7"))
        expect(page.locator("#save-bar")).to_be_hidden()
        frame.locator("input").fill("changed")
        expect(page.locator("#save-bar")).to_be_visible()
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#save-bar")).to_be_hidden()


@pytest.mark.browser
def test_the_admin_fits_a_phone(
    world: tuple[StandIn, Framed], browser: Browser, tmp_path: Path
) -> None:
    stand_in, _ = world
    with page_of(browser, width=390, height=844) as page:
        opened(stand_in, page)
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(overflow) == 0
        expect(page.get_by_role("link", name="Members")).to_be_hidden()
        page.get_by_role("button", name="Menu").click()
        expect(page.get_by_role("link", name="Members")).to_be_visible()
        page.goto(f"{stand_in.url}/received")
        assert page.evaluate(overflow) == 0
