"""An address in a merchant's words becomes a link; what a member is called never does."""

import re

import pytest

from mailing.catalogue import get_mail
from mailing.facts import Facts
from mailing.merging import read
from mailing.text_links import Line, Piece, fill_lines, shown, typed
from mailing.wording import Draft
from mailing.writing import Links, write

FIELDS = ("first_name", "code")


def line(source: str, **values: str) -> Line:
    [found] = fill_lines(read(source, FIELDS, field="text"), values)
    return found


@pytest.mark.parametrize(
    ("source", "url", "after"),
    [
        ("https://aurora.example", "https://aurora.example", ""),
        ("https://aurora.example/new?a=1&b=2#top", "https://aurora.example/new?a=1&b=2#top", ""),
        ("https://aurora.example.", "https://aurora.example", "."),
        ("https://aurora.example: new", "https://aurora.example", ": new"),
        ("https://aurora.example/new), and", "https://aurora.example/new", "), and"),
        ("https://aurora.example/<b>", "https://aurora.example/", "<b>"),
        ("HTTPS://Bücher.Example/ä", "HTTPS://Bücher.Example/ä", ""),
    ],
)
def test_an_address_becomes_a_link_up_to_its_end(source: str, url: str, after: str) -> None:
    expected = [Piece("See "), Piece(url, url), *([Piece(after)] if after else [])]

    assert line(f"See {source}") == expected


@pytest.mark.parametrize(
    "source",
    [
        "http://aurora.example/new",
        "javascript:alert(1)",
        "https://localhost/new",
        "https://aurora.example@evil.example/",
        "https://aurora.example:8443/",
        "https://{{ first_name }}/new",
        "https://aurora.example{{ first_name }}",
        "https://{{ first_name }}.example/",
        "{{ first_name }}",
    ],
)
def test_what_is_no_whole_secure_address_of_the_merchants_own_stays_text(source: str) -> None:
    found = line(source, first_name="https://evil.example/now")

    assert [piece.url for piece in found] == [""]


def test_a_field_within_an_address_is_encoded() -> None:
    found = line(
        "https://aurora.example/?c={{ code }}&n={{ first_name }} ok",
        code='5%&"',
        first_name="Ana B",
    )

    assert found == [
        Piece(
            'https://aurora.example/?c=5%&"&n=Ana B',
            "https://aurora.example/?c=5%25%26%22&n=Ana%20B",
        ),
        Piece(" ok"),
    ]
    assert shown(found).endswith("&n=Ana B ok")
    assert typed(found).endswith("&n=Ana%20B ok")


def test_a_line_with_an_empty_field_is_left_out_and_gaps_are_closed() -> None:
    source = (
        "Hello {{ first_name }},\n  two   words  {{ code | none }}\nhttps://a.example/{{ code }}"
    )

    found = fill_lines(read(source, FIELDS, field="text"), {})

    assert [shown(each) for each in found] == ["two words none"]


def test_an_email_has_the_link_in_both_of_its_parts() -> None:
    draft = Draft("News", 'Look: https://aurora.example/new?a=1&b="2" <b>{{ first_name }}</b>.')
    facts = Facts("Aurora", None, "Stars", "points", 7, first_name="<i>https://evil.example</i>")
    nowhere = "https://encore.example/x"

    words = write(get_mail("one_off"), draft, facts, {}, Links(nowhere, nowhere))

    links = set(re.findall(r'href="([^"]+)"', words.html)) - {nowhere}
    assert links == {"https://aurora.example/new?a=1&amp;b="}
    assert "&lt;b&gt;&lt;i&gt;https://evil.example&lt;/i&gt;&lt;/b&gt;" in words.html
    assert "Look: https://aurora.example/new?a=1&b=" in words.text
