"""Which language a member is written to in: their own where Shopify tells it, else the shop's."""

import pytest

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member
from loyalty.orders.recording import record_order
from loyalty.shops.directory import get_shop
from mailing.languages import language_of, locale_in, spoken
from tests.factories.facts import a_customer, a_line, an_order
from tests.mailing.cast import Addressee, enrol, install_shop, taken
from tests.mailing.stand_in import Amazon


def say_locale(who: Addressee, customer_id: int, locale: str | None) -> None:
    """Shopify tells the customer's language in a newer record."""
    with shop_transaction(who.shop_id) as session:
        facts = a_customer(
            customer_id,
            first_name="Alice",
            email="alice@example.com",
            locale=locale,
            updated_at=utc_now(),
        )
        shop = get_shop(session, who.shop_id)
        record_customer(session, shop, facts, now=utc_now(), is_backfill=False)


def language(who: Addressee) -> str:
    with shop_transaction(who.shop_id) as session:
        member = session.get_one(Member, (who.shop_id, who.member_id))
        return language_of(session, member, get_shop(session, who.shop_id).locale)


@pytest.mark.parametrize(
    ("shop", "own", "expected"),
    [
        ("de", None, "de"),
        ("de", "fr-CA", "fr"),
        ("pt-BR", None, "en"),
        ("es-MX", "ja", "es"),
        ("en", "ar", "ar"),
    ],
)
def test_a_member_is_written_to_in_a_language_they_read(
    database: None, shop: str, own: str | None, expected: str
) -> None:
    shop_id = install_shop("aurora", locale=shop)
    alice = enrol(shop_id, "Alice", customer_id=501, email="alice@example.com")
    if own:
        say_locale(alice, 501, own)

    assert language(alice) == expected


def test_a_language_that_is_not_told_again_is_kept(database: None) -> None:
    alice = enrol(install_shop("aurora"), "Alice", customer_id=501, email="alice@example.com")
    say_locale(alice, 501, "fr")

    say_locale(alice, 501, None)

    assert language(alice) == "fr"


def test_an_order_tells_the_language_of_whom_we_did_not_know_it(database: None) -> None:
    alice = enrol(install_shop("aurora"), "Alice", customer_id=501, email="alice@example.com")

    for locale in ("de-AT", "fr"):
        with shop_transaction(alice.shop_id) as session:
            short = a_customer(501, updated_at=None, locale=locale)
            order = an_order(7001, a_line(), customer=short)
            record_order(
                session, get_shop(session, alice.shop_id), order, now=utc_now(), is_backfill=False
            )

    assert language(alice) == "de"


def test_the_card_goes_out_in_the_members_language(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    say_locale(alice, 501, "ar")

    alice.ask()
    alice.work()

    (email,) = taken(amazon, before)
    assert email["subject"] == "بطاقة الولاء الخاصة بك من Aurora"
    for part in (str(email["html"]), str(email["text"])):
        assert "مرحبًا Alice،" in part and "فتح بطاقتي" in part


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("pt-BR", None), ("de_AT", "de"), ("EN", "en"), ("", None), (None, None), ("x" * 50, None)],
)
def test_a_locale_is_read_by_its_language(locale: str | None, expected: str | None) -> None:
    assert spoken(locale) == expected


def test_days_are_written_the_shops_way_only_in_its_own_language() -> None:
    assert str(locale_in("en", "en-GB")) == "en_GB"
    assert str(locale_in("de", "en-GB")) == "de"
