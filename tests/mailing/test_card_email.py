"""The words of the card email: each tag is known, what is typed stays text, both parts agree."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser

from mailing.catalogue import MAILS
from mailing.facts import Facts
from mailing.wording import language_words, own_words
from mailing.writing import TEMPLATES, Links, Words, write
from tests.chromium import page_of

# https://documentation.mjml.io: MRML passes over any other tag without a word.
MJML_TAGS = frozenset(
    {"mjml", "mj-head", "mj-body", "mj-title", "mj-preview", "mj-attributes", "mj-all"}
    | {"mj-class", "mj-style", "mj-font", "mj-breakpoint", "mj-raw", "mj-wrapper"}
    | {"mj-section", "mj-group", "mj-column", "mj-text", "mj-button", "mj-image"}
    | {"mj-divider", "mj-spacer", "mj-table", "mj-hero", "mj-social", "mj-social-element"}
)
# What may stand inside mj-text.
HTML_TAGS = frozenset({"bdi", "br", "a"})

UNSUBSCRIBE = "https://e.example/u"
LINKS = Links(
    card="https://e.example/card?a=1&b=2",
    unsubscribe=UNSUBSCRIBE,
    apple="https://e.example/a",
    google="https://e.example/g",
)
FACTS = Facts(
    shop="Aurora",
    reply_to=None,
    programme="Aurora Rewards",
    balance=1250,
    points_name="points",
    first_name="Alice",
)


def words(links: Links = LINKS, **facts: Any) -> Words:
    """The email about Alice, changed where the test says so."""
    about = replace(FACTS, **facts)
    return write(MAILS["card"], own_words("card", about.language), about, {}, links)


def unknown_tags(source: str) -> set[str]:
    """The tags of an MJML template that MRML would pass over."""
    return {e.tag for e in ElementTree.fromstring(source).iter()} - MJML_TAGS - HTML_TAGS


def test_every_tag_of_the_template_is_one_that_mjml_has() -> None:
    source = (TEMPLATES / "letter.mjml").read_text()

    assert unknown_tags(source) == set()
    assert unknown_tags(source.replace("mj-button", "mj-buton")) == {"mj-buton"}
    assert "mj-" not in re.sub(r"mj-column-per-100|mj-outlook-group-fix", "", words().html)


class Reader(HTMLParser):
    """Collects links, images and tags as a mail program sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        if tag == "a":
            self.links.append(found.get("href") or "")
        elif tag in ("img", "link", "script", "iframe"):
            self.loads.append(found.get("src") or found.get("href") or tag)


def read(html: str) -> Reader:
    """The parsed email."""
    reader = Reader()
    reader.feed(html)
    return reader


def test_each_configured_wallet_has_its_button_and_the_card_always_has() -> None:
    apple_only = replace(LINKS, google=None)
    neither = replace(LINKS, apple=None, google=None)

    for links, expected in (
        (LINKS, [LINKS.apple, LINKS.google, LINKS.card, UNSUBSCRIBE]),
        (apple_only, [LINKS.apple, LINKS.card, UNSUBSCRIBE]),
        (neither, [LINKS.card, UNSUBSCRIBE]),
    ):
        written = words(links)
        assert read(written.html).links == expected
        assert re.findall(r"https?://\S+", written.text) == expected


def test_nothing_is_fetched_from_elsewhere() -> None:
    html = words().html

    assert read(html).loads == []
    assert "@import" not in html
    assert "url(" not in html


HOSTILE = (
    '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}-->\r\nBcc: a@b.c'
)


@pytest.mark.parametrize("name", ["shop", "programme", "points_name", "first_name"])
def test_what_people_typed_stays_text(name: str) -> None:
    hostile: dict[str, Any] = {name: HOSTILE}
    written = words(**hostile)

    assert read(written.html).tags.count("script") == 0
    assert read(written.html).loads == []
    assert "49" not in written.html
    assert HOSTILE.split("\r")[0] in written.text
    assert "\n" not in written.subject
    assert "\r" not in written.subject


def test_a_member_without_a_name_is_greeted_without_one() -> None:
    written = words(first_name=None)

    assert "Hello" not in written.html
    assert written.text.startswith("Here is your loyalty card of Aurora\n")


def test_the_preheader_says_the_balance() -> None:
    first = re.search(r'<div style="display:none[^>]*>([^<]+)</div>', words().html)

    assert first is not None
    assert first[1].startswith("Hello Alice, You have 1,250 points.")


@pytest.mark.browser
@pytest.mark.parametrize("width", [600, 390, 320])
@pytest.mark.parametrize("language", ["en", "de", "ar"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_at_every_width_and_direction(
    browser: Browser, width: int, language: str, scheme: str
) -> None:
    long_name = "Donaudampfschifffahrtsgesellschaftskapitänsmützenladen مقهى الشفق"
    facts: dict[str, Any] = {"shop": long_name, "programme": long_name, "balance": 1_250_000}
    html = words(**facts, language=language).html
    shared, own = language_words(language), own_words("card", language)
    with page_of(browser) as page:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 800})
        page.set_content(html)

        direction = "document.documentElement.dir || document.body.firstElementChild.dir"
        assert page.evaluate(direction) == ("rtl" if language == "ar" else "ltr")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for label in (shared.apple, shared.google, own.button):
            box = page.get_by_role("link", name=label).bounding_box()
            assert box is not None
            assert box["height"] >= 44
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        assert page.evaluate(LOW_CONTRAST) == []


# Text whose colour stands too little out from the nearest ground behind it (WCAG 2.1 AA).
LOW_CONTRAST = """() => {
  const rgb = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const found = rgb(getComputedStyle(e).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const style = getComputedStyle(element);
    if (!walker.currentNode.textContent.trim() || style.display === 'none') continue;
    if (element.closest('[style*="display:none"]')) continue;
    const [a, b] = [light(rgb(style.color)), light(ground(element))];
    if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) poor.push(element.outerHTML);
  }
  return poor;
}"""
