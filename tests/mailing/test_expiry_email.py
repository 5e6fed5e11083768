"""Warnings of points that expire, and the news of a new rule: to who still wants emails."""

from datetime import date, timedelta

from jobs import expiry
from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import shop_transaction
from loyalty.expiry.settings import set_expiry
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.shops.directory import get_shop
from mailing import addresses
from mailing.addresses import address_hash
from tests.mailing.cast import DANA, Addressee, taken
from tests.mailing.stand_in import Amazon


def hold_points(alice: Addressee, last_day_in: int) -> date:
    """1,250 points of a year ago whose last day is so many days from today."""
    long_ago = utc_now() - timedelta(days=365)
    with shop_transaction(alice.shop_id) as session:
        zone = get_shop(session, alice.shop_id).timezone
        last_day = day_in(zone, utc_now()) + timedelta(days=last_day_in)
        balance = lock_balance(session, alice.shop_id, alice.member_id)
        cause = Cause("grant", "old", "test", "1", "system:test", long_ago)
        credit(session, balance, cause, points=1250, now=long_ago, last_valid_on=last_day)
    return last_day


def in_words(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


def test_the_warning_says_how_many_points_and_until_when(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    last_day = hold_points(alice, 30)

    for _ in range(2):
        expiry.run_shop(alice.shop_id, now=utc_now(), is_asked=True)
    alice.work()

    (email,) = taken(amazon, before)
    assert "1,250 points" in str(email["subject"])
    for part in (str(email["html"]), str(email["text"])):
        assert in_words(last_day) in part
        assert "1,250 points" in part
    assert [(m.kind, m.state) for m in alice.messages()] == [("expiry_warning", "sent")]


def test_who_unsubscribed_is_told_in_the_timeline_alone(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    hold_points(alice, 7)
    with shop_transaction(alice.shop_id) as session:
        hashed = address_hash(alice.shop_id, "alice@example.com")
        addresses.unsubscribe(session, alice.shop_id, hashed, now=utc_now())

    expiry.run_shop(alice.shop_id, now=utc_now())
    alice.work()

    assert taken(amazon, before) == []
    assert [(m.kind, m.state) for m in alice.messages()] == [("expiry_warning", "blocked")]


def test_a_rule_that_begins_is_told_once(alice: Addressee, amazon: Amazon, before: int) -> None:
    alice.earn(1250)
    with shop_transaction(alice.shop_id) as session:
        shop = get_shop(session, alice.shop_id)
        set_expiry(session, shop, mode="days", days=365, actor=DANA, now=utc_now())
        last_day = day_in(shop.timezone, utc_now()) + timedelta(days=365)

    for _ in range(2):
        expiry.run_shop(alice.shop_id, now=utc_now())
    alice.work()

    (email,) = taken(amazon, before)
    assert "now expire" in str(email["subject"])
    assert in_words(last_day) in str(email["text"])
