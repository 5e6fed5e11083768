"""Our own words: each email in each language, with the same fields, and never in English alone."""

import re

import pytest
from babel import Locale

from mailing.catalogue import LANGUAGES, MAILS, mail_for
from mailing.facts import Facts
from mailing.merging import Field, read
from mailing.page_wording import page_words
from mailing.values import points_in_words
from mailing.wording import Draft, language_words, own_words
from mailing.writing import Links, check, write
from tests.mailing.test_card_email import read as read_html

LINKS = Links("https://e.example/card", "https://e.example/u", "https://e.example/verify")
BODY = {
    "points": 250,
    "cost": 1000,
    "last_valid_on": "2026-12-24",
    "valid_until": "2026-12-24",
    "erases_on": "2026-12-24",
    "gathered_on": "2026-12-24",
    "reward": "Espresso",
    "coupon": "Espresso",
    "code": "ABC-123",
    "worth": {
        "kind": "percentage",
        "percentage": "12.5",
        "amount_minor": None,
        "minimum_minor": 3000,
        "currency": "EUR",
    },
}
EVERYWHERE = [(mail, language) for mail in MAILS for language in LANGUAGES]


def facts(language: str, **changes: object) -> Facts:
    usual = {
        "shop": "Aurora",
        "reply_to": None,
        "programme": "Aurora Rewards",
        "points_name": "points",
        "balance": 1250,
        "first_name": "Alice",
        "tier": "Gold",
        "language": language,
        "shop_locale": "en",
    }
    return Facts(**(usual | changes))  # type: ignore[arg-type]


def fields_of(draft: Draft, mail: str) -> list[str]:
    """The fields that the words of an email use."""
    lines = [
        line
        for source in (draft.subject, draft.headline, draft.text, draft.button)
        for line in read(source, MAILS[mail].fields, field="text")
    ]
    return sorted(part.name for line in lines for part in line if isinstance(part, Field))


@pytest.mark.parametrize(("mail", "language"), EVERYWHERE)
def test_each_email_can_be_sent_in_each_language(mail: str, language: str) -> None:
    draft = own_words(mail, language)
    check(MAILS[mail], draft)

    written = write(MAILS[mail], draft, facts(language), BODY, LINKS)

    assert written.subject
    for part in (written.subject, written.text, written.html):
        assert "{{" not in part and "None" not in part
    assert LINKS.unsubscribe in read_html(written.html).links
    assert re.search(r'dir="rtl"', written.html) is not None or language != "ar"


@pytest.mark.parametrize("mail", MAILS)
def test_no_language_has_the_words_of_another(mail: str) -> None:
    texts = [own_words(mail, language).text for language in LANGUAGES]

    assert len(set(texts)) == len(LANGUAGES)


@pytest.mark.parametrize(("mail", "language"), EVERYWHERE)
def test_no_language_tells_less_than_english(mail: str, language: str) -> None:
    told, english = own_words(mail, language), own_words(mail, "en")

    assert set(fields_of(told, mail)) >= set(fields_of(english, mail)) - {"points_name"}
    assert len(told.text.split("\n")) == len(english.text.split("\n"))


@pytest.mark.parametrize(("mail", "language"), EVERYWHERE)
def test_no_line_begins_small_and_no_name_hangs_on_an_article(mail: str, language: str) -> None:
    text = own_words(mail, language).text

    assert not [line for line in text.split("\n") if line[:1].islower()]
    assert "\N{ARABIC TATWEEL}{{" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_email_and_page_call_unsubscribing_the_same(language: str) -> None:
    assert language_words(language).unsubscribe == page_words(language).words["unsubscribe"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_plural_of_a_language_is_written(language: str) -> None:
    forms = language_words(language).points
    wanted = Locale(language).plural_form.tags | {"other"}

    assert wanted <= forms.keys()


@pytest.mark.parametrize(
    ("language", "points", "words"),
    [
        ("en", 1, "1 point"),
        ("en", 0, "0 points"),
        ("es", 1, "1 punto"),
        ("es", 1_000_000, "1.000.000 de puntos"),
        ("fr", 0, "0 point"),
        ("fr", 2, "2 points"),
        ("de", 1, "1 Punkt"),
        ("de", 1250, "1.250 Punkte"),
        ("ar", 1, "نقطة واحدة"),
        ("ar", 2, "نقطتان"),
        ("ar", 3, "3 نقاط"),
        ("ar", 11, "11 نقطة"),
        ("ar", 100, "100 نقطة"),
    ],
)
def test_points_are_counted_as_the_language_does(language: str, points: int, words: str) -> None:
    assert points_in_words(facts(language), points) == words


def test_a_name_that_the_merchant_gave_points_stands_as_it_is() -> None:
    assert points_in_words(facts("de", points_name="Bohnen"), 1) == "1 Bohnen"
    assert points_in_words(facts("fr", points_name="Points"), 1) == "1 point"


def test_a_shop_writes_numbers_its_own_way_in_its_own_language() -> None:
    assert points_in_words(facts("es", shop_locale="es-MX"), 1250) == "1,250 puntos"
    assert points_in_words(facts("es", shop_locale="de"), 12_500) == "12.500 puntos"


def test_what_a_coupon_is_worth_is_said_in_the_language() -> None:
    said = {
        language: write(
            MAILS["coupon"], own_words("coupon", language), facts(language), BODY, LINKS
        ).text
        for language in ("en", "de", "fr")
    }

    assert "12.5% off on orders from €30.00" in said["en"]
    assert re.search(r"12,5\s%\sRabatt ab einem Bestellwert von 30,00\s€", said["de"])
    assert re.search(r"12,5\s%\sde réduction dès 30,00\s€ de commande", said["fr"])


@pytest.mark.parametrize(
    ("kind", "body", "mail"),
    [
        ("expiry_warning", {"days": 30}, "points_expiring_30"),
        ("expiry_warning", {"days": 7}, "points_expiring_7"),
        ("expiry_warning", {"days": None}, "expiry_began"),
        ("adjustment", {"points": 5}, "points_given"),
        ("adjustment", {"points": -5}, "points_taken"),
        ("reward", {"code": None}, "reward_credit"),
        ("reward", {"code": "X"}, "reward_code"),
        ("proof", {"purpose": "erase"}, "proof_erase"),
        ("tier", {"is_up": False}, "tier_down"),
        ("campaign", {}, "campaign"),
    ],
)
def test_each_message_is_the_email_that_fits_it(
    kind: str, body: dict[str, object], mail: str
) -> None:
    assert mail_for(kind, body).name == mail
