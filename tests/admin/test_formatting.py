"""R169: times, money and numbers in the shop's zone, currency and way of writing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from loyalty.base.db import shop_transaction
from loyalty.base.money import Money
from loyalty.shops.tables import Shop
from shopify_app.admin.formatting import ShopFormat
from tests.admin.cast import ShopAndClient

_NIGHT = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


def plain(text: str) -> str:
    """Without the marks and wide blanks that CLDR puts in for layout."""
    return text.replace("\xa0", " ").replace("\u202f", " ").replace("\u200f", "")


@pytest.mark.parametrize(
    ("locale", "zone", "number", "money", "moment"),
    [
        ("en", "America/New_York", "1,234,567", "€1,234.56", "Mar 1, 2026, 6:30:00 PM"),
        ("de", "Europe/Berlin", "1.234.567", "1.234,56 €", "02.03.2026, 00:30:00"),
        ("fr", "Europe/Paris", "1 234 567", "1 234,56 €", "2 mars 2026, 00:30:00"),
        ("es", "Europe/Madrid", "1.234.567", "1.234,56 €", "2 mar 2026, 0:30:00"),
        ("ar", "Asia/Riyadh", "1,234,567", "1,234.56 €", "02/03/2026، 2:30:00 ص"),
        ("xx", "UTC", "1,234,567", "€1,234.56", "Mar 1, 2026, 11:30:00 PM"),
    ],
)
def test_a_shop_reads_in_its_own_way(
    locale: str, zone: str, number: str, money: str, moment: str
) -> None:
    words = ShopFormat.of(locale, zone)

    assert plain(words.number(1_234_567)) == number
    assert plain(words.money(Money(123_456, "EUR"))) == money
    assert plain(words.moment(_NIGHT)) == moment


def test_a_currency_without_decimals_has_none() -> None:
    assert ShopFormat.of("en", "Asia/Tokyo").money(Money(1_234, "JPY")) == "¥1,234"


def test_a_day_is_the_shops() -> None:
    assert plain(ShopFormat.of("en", "Europe/Madrid").day(_NIGHT)) == "Mar 2, 2026"
    assert plain(ShopFormat.of("en", "America/New_York").day(_NIGHT)) == "Mar 1, 2026"
    assert plain(ShopFormat.of("en", "Europe/Madrid").calendar_day(date(2026, 3, 1))) == (
        "Mar 1, 2026"
    )


def test_points_and_ages_speak_the_pages_language_in_the_shops_numbers() -> None:
    words, day_before = ShopFormat.of("en", "UTC"), _NIGHT - timedelta(days=1)

    with Flask("admin").test_request_context("/app?locale=es"):
        assert words.points(1) == "1 punto"
        assert words.points(1_234) == "1,234 puntos"
        assert words.age(day_before, _NIGHT) == "hace 1 día"
    assert words.points(1) == "1 point"


def test_the_members_list_is_written_as_the_shop_writes(aurora: ShopAndClient) -> None:
    aurora.enrol("Late", "Comer", "late@example.com", joined_at=_NIGHT)
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Shop, aurora.shop_id).locale = "de"

    assert ">02.03.2026</time>" in aurora.get("/app/members").text
