"""What operators type about referrals."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from jobs import referrals
from jobs.operating import OPERATOR
from jobs.referral_commands import referral_commands
from jobs.relay import relay
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.earning.saving import add_rule
from loyalty.ledger.selfcheck import find_differences
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import Member, MemberBalance
from loyalty.orders.recording import record_order
from loyalty.outbox import Delivery
from loyalty.programme.rules import get_programme
from loyalty.referrals.settling import AFTER_FAILURE
from loyalty.referrals.tables import Referral
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from tests.factories.facts import a_customer, an_order
from tests.jobs.conftest import Aurora, add_member
from wallet import setup
from wallet.setup import WalletSettings

SHOP = ("--shop", "aurora.myshopify.com")
DAYS = timedelta(days=1)
BOUGHT_AT = (utc_now() - timedelta(hours=1)).replace(microsecond=0)


@pytest.fixture
def shop(aurora: Aurora) -> Aurora:
    """Aurora with books for Alice; it has sold for ten days."""
    with db.shop_transaction(aurora.shop_id) as session:
        session.add(MemberBalance(shop_id=aurora.shop_id, member_id=aurora.alice))
        session.get_one(Shop, aurora.shop_id).earning_since = utc_now() - 10 * DAYS
    return aurora


def typed(command: str, *arguments: str) -> Result:
    return CliRunner().invoke(referral_commands, (command, *SHOP, *arguments))


def said(command: str, *arguments: str) -> str:
    result = typed(command, *arguments)
    assert result.exit_code == 0, result.output
    return result.output.strip()


def brought(shop: Aurora, *, state: str = "waiting", friend_id: UUID | None = None) -> UUID:
    """A claim of a day ago."""
    friend_id = friend_id or _a_friend(shop)
    referral_id = uuid4()
    with db.shop_transaction(shop.shop_id) as session:
        session.add(
            Referral(
                shop_id=shop.shop_id,
                id=referral_id,
                advocate_id=shop.alice,
                friend_id=friend_id,
                request_id=uuid4(),
                state=state,
                claimed_at=utc_now() - DAYS,
                client_hash=b"",
            )
        )
    return referral_id


def _a_friend(shop: Aurora) -> UUID:
    friend_id = add_member(shop.shop_id)
    with db.shop_transaction(shop.shop_id) as session:
        session.add(MemberBalance(shop_id=shop.shop_id, member_id=friend_id))
    return friend_id


def make_due(shop: Aurora, referral_id: UUID, at: datetime) -> None:
    with db.shop_transaction(shop.shop_id) as session:
        session.get_one(Referral, (shop.shop_id, referral_id)).due_at = at


def state_of(shop: Aurora, referral_id: UUID) -> str:
    with db.shop_transaction(shop.shop_id) as session:
        return session.get_one(Referral, (shop.shop_id, referral_id)).state


def buys(shop: Aurora) -> UUID:
    """A new customer's paid order of an hour ago; who they are."""
    _tell(shop, updated_at=BOUGHT_AT)
    with db.shop_transaction(shop.shop_id) as session:
        return session.scalars(select(Member.id).where(Member.id != shop.alice)).one()


def cancels(shop: Aurora) -> None:
    """That order is cancelled just now."""
    at = utc_now().replace(microsecond=0)
    _tell(shop, cancelled_at=at, updated_at=at)


def _tell(shop: Aurora, **changes: Any) -> None:
    customer = a_customer(601, first_name="Carol", email="carol@example.com")
    told = {"created_at": BOUGHT_AT, "processed_at": BOUGHT_AT} | changes
    order = an_order(7001, customer=customer, customer_id=601, **told)
    with db.shop_transaction(shop.shop_id) as session:
        row = get_shop(session, shop.shop_id)
        record_order(session, row, order, now=utc_now(), is_backfill=False)


def pays(shop: Aurora, points: int = 200) -> None:
    with db.shop_transaction(shop.shop_id) as session:
        given = {"name": "Friends", "kind": "referral", "gives": "fixed", "fixed_points": points}
        made_at = utc_now() - 2 * DAYS
        add_rule(session, shop.shop_id, given, actor=OPERATOR, now=made_at)


def entries(shop: Aurora) -> list[int]:
    with db.shop_transaction(shop.shop_id) as session:
        points = select(LedgerEntry.points).where(LedgerEntry.kind == "referral")
        return sorted(session.scalars(points))


def test_referrals_are_switched_and_say_how_they_stand(shop: Aurora) -> None:
    before = said("referrals")

    assert before == "referrals off, coupon none"
    assert said("referrals", "--on") == "referrals on, coupon none"
    assert said("referrals") == "referrals on, coupon none"


def test_another_shops_coupon_is_refused(shop: Aurora) -> None:
    result = typed("referrals", "--on", "--coupon", str(uuid4()))

    assert result.exit_code != 0 and "coupon_not_found" in result.output
    assert said("referrals") == "referrals off, coupon none"


def test_a_members_link_and_friends_are_shown(shop: Aurora) -> None:
    setup.configure(WalletSettings("https://encore.example", b"s" * 32, apple=None))
    said("referrals", "--on")
    brought(shop)

    link, count, friend = said("referrals-of", "--member", str(shop.alice)).splitlines()

    assert link.startswith("https://encore.example/r/")
    assert count == "0 succeeded, 0 points"
    assert "waiting" in friend and "Has not bought yet" in friend


def test_they_are_hidden_while_referrals_are_off(shop: Aurora) -> None:
    result = typed("referrals-of", "--member", str(shop.alice))

    assert result.exit_code != 0 and "referrals are off" in result.output


def test_what_is_flagged_is_listed_and_reviewed(shop: Aurora) -> None:
    fine, bad = brought(shop, state="flagged"), brought(shop, state="flagged")

    listed = said("flagged-referrals").splitlines()
    said("review-referral", "--id", str(fine), "--approve")
    said("review-referral", "--id", str(bad), "--reject")

    assert {line.split()[0] for line in listed} == {str(fine), str(bad)}
    assert (state_of(shop, fine), state_of(shop, bad)) == ("waiting", "rejected")
    assert said("flagged-referrals") == ""


def test_a_second_word_on_it_is_refused(shop: Aurora) -> None:
    referral_id = brought(shop, state="flagged")
    said("review-referral", "--id", str(referral_id), "--reject")

    result = typed("review-referral", "--id", str(referral_id), "--approve")

    assert result.exit_code != 0 and "not_flagged" in result.output
    assert state_of(shop, referral_id) == "rejected"


def test_the_friends_order_goes_through_the_outbox_to_both(shop: Aurora) -> None:
    pays(shop)
    friend_id = buys(shop)
    referral_id = brought(shop, friend_id=friend_id)
    with db.shop_transaction(shop.shop_id) as session:
        session.query(Delivery).delete()
        at = (utc_now() - timedelta(minutes=5)).replace(microsecond=0)
        order = an_order(7002, customer_id=601, created_at=at, processed_at=at, updated_at=at)
        record_order(
            session, get_shop(session, shop.shop_id), order, now=utc_now(), is_backfill=False
        )
    relay(shop.shop_id)

    with db.shop_transaction(shop.shop_id) as session:
        told = session.scalars(
            select(Delivery.member_id).where(Delivery.subscriber == "referrals")
        ).all()
    assert told == [friend_id]
    referrals.settle_friend(shop.shop_id, friend_id)
    referrals.settle_friend(shop.shop_id, friend_id)

    assert (state_of(shop, referral_id), entries(shop)) == ("paid", [200, 200])


def test_what_is_on_hold_is_paid_by_the_schedule(shop: Aurora) -> None:
    pays(shop, points=80)
    with db.shop_transaction(shop.shop_id) as session:
        get_programme(session, shop.shop_id).hold_days = 14
    friend_id = buys(shop)
    referral_id = brought(shop, friend_id=friend_id)
    referrals.settle_friend(shop.shop_id, friend_id)
    held = state_of(shop, referral_id)

    referrals.run_shop(shop.shop_id, now=utc_now() + timedelta(hours=1))
    early = entries(shop)
    referrals.run_shop(shop.shop_id, now=utc_now() + 14 * DAYS)

    assert (held, early) == ("held", [])
    assert (state_of(shop, referral_id), entries(shop)) == ("paid", [80, 80])


def test_those_that_fail_are_put_off_and_keep_none_from_being_paid(
    shop: Aurora, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given three that fail, for their friend has no books, and one that is due after them
    monkeypatch.setattr(referrals, "BATCH", 3)
    monkeypatch.setattr(referrals, "BATCHES_MAX", 1)
    pays(shop)
    now = utc_now()
    fine = brought(shop, friend_id=buys(shop))
    failing = [brought(shop, friend_id=add_member(shop.shop_id)) for _ in range(3)]
    for referral_id in failing:
        make_due(shop, referral_id, now - DAYS)
    make_due(shop, fine, now - timedelta(hours=1))
    # when
    first, paid = referrals.run_shop(shop.shop_id, now=now), entries(shop)
    second = referrals.run_shop(shop.shop_id, now=now)
    # then, and those that failed come again
    assert (first, paid) == (3, [])
    assert (second, entries(shop)) == (1, [200, 200])
    assert {state_of(shop, each) for each in failing} == {"waiting"}
    assert referrals.run_shop(shop.shop_id, now=now + AFTER_FAILURE) == 3


def test_a_turn_goes_on_until_nothing_is_due(shop: Aurora, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(referrals, "BATCH", 2)
    now = utc_now()
    for _ in range(5):
        make_due(shop, brought(shop), now)

    assert referrals.run_shop(shop.shop_id, now=now) == 5
    assert referrals.run_shop(shop.shop_id, now=now) == 0


def test_four_workers_that_settle_at_once_pay_once(shop: Aurora) -> None:
    pays(shop)
    friend_id = buys(shop)
    referral_id = brought(shop, friend_id=friend_id)
    together = Barrier(4)

    def work(_: int) -> None:
        together.wait(timeout=30)
        referrals.settle_friend(shop.shop_id, friend_id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert (state_of(shop, referral_id), entries(shop)) == ("paid", [200, 200])


def test_a_cancellation_that_races_with_the_payment_leaves_nothing_standing(shop: Aurora) -> None:
    """Whichever comes first: the desk tells of the cancelled order, and the jobs look again."""
    pays(shop)
    friend_id = buys(shop)
    brought(shop, friend_id=friend_id)
    together = Barrier(2)

    def settle() -> None:
        together.wait(timeout=30)
        referrals.settle_friend(shop.shop_id, friend_id)

    def cancel() -> None:
        together.wait(timeout=30)
        cancels(shop)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(settle), pool.submit(cancel)]:
            done.result(timeout=60)
    referrals.settle_friend(shop.shop_id, friend_id)

    with db.shop_transaction(shop.shop_id) as session:
        balances = session.scalars(select(MemberBalance.available)).all()
        assert find_differences(session, shop.shop_id) == []
    assert set(balances) == {0}
