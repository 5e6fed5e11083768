"""R169: the pages speak English, Spanish, French, German and Arabic; nothing is left out."""

import re

import pytest
from babel import Locale
from flask import Flask

from shopify_app.admin import languages
from tests.admin import messages, unmarked
from tests.admin.cast import ShopAndClient

ROOMS = sorted(path.name for path in unmarked.ADMIN.iterdir() if (path / "__init__.py").exists())
_FIELD = re.compile(r"%\(\w+\)s|%%")
_NAMED = re.compile(
    r"""aria-label="{{ _\('([^']+)'[^"]*"[^>]*>{{ _\('([^']+)'\) }}</(?:a|button)>"""
)


@pytest.mark.parametrize("room", ["common", *ROOMS])
def test_every_text_of_a_template_is_marked(room: str) -> None:
    folder = unmarked.ADMIN / "templates" / "admin"
    paths = folder.glob("*.html") if room == "common" else (folder / room).rglob("*.html")

    found = {path.name: unmarked.unmarked_of_template(path.read_text()) for path in paths}

    assert {name: texts for name, texts in found.items() if texts} == {}


@pytest.mark.parametrize("room", ["common", *ROOMS])
def test_every_sentence_of_a_module_is_marked(room: str) -> None:
    folder = unmarked.ADMIN
    paths = folder.glob("*.py") if room == "common" else (folder / room).rglob("*.py")

    found = {path.name: unmarked.unmarked_of_module(path) for path in paths}

    assert {name: texts for name, texts in found.items() if texts} == {}


@pytest.mark.parametrize("language", messages.TRANSLATED)
def test_every_marked_text_is_translated(language: str) -> None:
    assert [message.id for message in messages.missing(language)] == []


@pytest.mark.parametrize("language", messages.TRANSLATED)
def test_no_translation_is_of_a_text_that_nobody_says(language: str) -> None:
    said = messages.extract_all()

    unsaid = [
        message.id
        for catalog in messages.read(language).values()
        for message in catalog
        if message.id and message.id not in said
    ]

    assert unsaid == []


@pytest.mark.parametrize("language", messages.TRANSLATED)
def test_a_translation_fills_in_what_the_english_does(language: str) -> None:
    for catalog in messages.read(language).values():
        for message in catalog:
            if not message.id:
                continue
            english = message.id if isinstance(message.id, str) else message.id[1]
            forms = [message.string] if isinstance(message.string, str) else message.string[-1:]
            for form in forms:
                assert sorted(_FIELD.findall(form)) == sorted(_FIELD.findall(english)), message.id


@pytest.mark.parametrize("language", languages.LANGUAGES)
def test_the_name_of_a_button_has_the_words_that_are_seen_on_it(language: str) -> None:
    """Whoever speaks to the machine says what is seen: WCAG 2.5.3, Label in Name."""
    words = languages.words_of(language).gettext
    templates = (unmarked.ADMIN / "templates").rglob("*.html")
    named = {pair for path in templates for pair in _NAMED.findall(path.read_text())}

    assert len(named) > 10
    assert [name for name, seen in named if _heard(words(seen)) not in _heard(words(name))] == []


@pytest.mark.parametrize("language", messages.TRANSLATED)
def test_a_count_has_every_form_of_the_language(language: str) -> None:
    forms = {"es": 2, "fr": 2, "de": 2, "ar": 6}[language]
    for catalog in messages.read(language).values():
        assert catalog.num_plurals == forms
        for message in catalog:
            if isinstance(message.id, tuple):
                assert len(message.string) == forms, message.id
                assert all(message.string), message.id


@pytest.mark.parametrize(
    ("count", "form"),
    [(0, 0), (1, 1), (2, 2), (3, 3), (110, 3), (11, 4), (99, 4), (100, 5), (102, 5)],
)
def test_arabic_has_a_form_for_each_kind_of_number(count: int, form: int) -> None:
    one, many = "%(shown)s line was left out", "%(shown)s lines were left out"
    [forms] = [
        message.string
        for catalog in messages.read("ar").values()
        for message in catalog
        if message.id == (one, many)
    ]

    assert languages.words_of("ar").ngettext(one, many, count) == forms[form]


def test_shopify_names_the_language_of_the_person_looking() -> None:
    with Flask("admin").test_request_context("/app?locale=de-CH"):
        assert languages._("Members") == "Mitglieder"


def test_a_swap_speaks_the_language_of_its_document() -> None:
    with Flask("admin").test_request_context("/app", headers={languages.HEADER: "ar"}):
        assert languages._("Members") == "الأعضاء"


def test_a_language_that_nobody_translated_reads_as_english() -> None:
    with Flask("admin").test_request_context("/app?locale=ja"):
        assert languages._("Members") == "Members"


def test_every_language_is_one_that_dates_are_written_in() -> None:
    assert [Locale.parse(tag).language for tag in languages.LANGUAGES] == list(languages.LANGUAGES)


def test_whoever_has_no_name_is_named_so_and_a_name_is_nobodys_word(aurora: ShopAndClient) -> None:
    aurora.enrol("", "", None)
    aurora.enrol("Members", "", "m@example.com")

    page = aurora.get("/app/members?locale=de").text

    assert "Kein Name" in page and "<bdi>Members</bdi>" in page


def _heard(words: str) -> str:
    """What is left of words when they are spoken: no dots that promise a dialog, no capitals."""
    return words.removesuffix("…").strip().lower()
