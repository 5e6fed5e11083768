"""Merge fields: read strictly with the place of what is wrong; what is put in is never read."""

import pytest

from mailing.errors import BadTemplate
from mailing.merging import check, fill, fill_title, read

FIELDS = ("first_name", "tier")


def filled(source: str, **values: str) -> list[str]:
    return fill(read(source, FIELDS, field="text"), values)


def test_a_field_becomes_what_it_stands_for() -> None:
    assert filled("Hello {{ first_name }}, you are {{tier}}.", first_name="Alice", tier="Gold") == [
        "Hello Alice, you are Gold."
    ]


def test_a_line_with_an_empty_field_is_left_out() -> None:
    assert filled("Hello {{ first_name }},\nwelcome.", first_name="  ") == ["welcome."]


def test_a_fallback_stands_where_the_field_is_empty() -> None:
    source = "Hello {{ first_name | dear friend }},"

    assert filled(source) == ["Hello dear friend,"]
    assert filled(source, first_name="Alice") == ["Hello Alice,"]


def test_a_title_closes_the_gap_of_an_empty_field() -> None:
    lines = read("News for {{ first_name }} today", FIELDS, field="subject")

    assert fill_title(lines, {}) == "News for today"


def test_what_is_put_in_is_not_read_again() -> None:
    assert filled("{{ first_name }}", first_name="{{ tier }}", tier="Gold") == ["{{ tier }}"]


def test_a_value_of_several_lines_stays_in_its_line() -> None:
    assert filled("Hello {{ first_name }}", first_name="A\r\nBcc: x@y.z") == ["Hello A Bcc: x@y.z"]


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("one\n{{ password }}", 2, "no field “password”"),
        ("{{ first_name", 1, "Close the field"),
        ("one\ntwo\nfirst_name }}", 3, "Open the field"),
        ("{{ first_name }} {{ tier }} }}", 1, "Open the field"),
        ("{% for x in y %}", 1, "Only fields"),
        ("{# note #}", 1, "Only fields"),
        ("{{ first_name.__class__ }}", 1, "Only fields"),
        ("{{ first_name() }}", 1, "Only fields"),
        ("{{ 7*7 }}", 1, "Only fields"),
        ("{{ }}", 1, "Only fields"),
        ("{{ first_name | }}", 1, "after the bar"),
        ("{{ first_name | {{ tier }} }}", 1, "Only fields"),
        ("a\x00b", 1, "cannot be seen"),
        ("a\u202eb", 1, "cannot be seen"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(source: str, line: int, words: str) -> None:
    with pytest.raises(BadTemplate) as refused:
        read(source, FIELDS, field="text")

    assert (refused.value.field, refused.value.line) == ("text", line)
    assert words in refused.value.words


def test_each_email_has_fields_of_its_own() -> None:
    check("{{ worth }}", mail="coupon", field="text")

    with pytest.raises(BadTemplate, match="no field"):
        check("{{ worth }}", mail="birthday", field="text")


def test_single_braces_are_words() -> None:
    assert filled("{smile} } {") == ["{smile} } {"]
