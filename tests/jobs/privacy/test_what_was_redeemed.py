"""What an erased person redeemed stays in the books, and what their codes do still counts."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.privacy import requests
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.coupons.tables import CouponCode
from loyalty.ledger.selfcheck import find_differences
from loyalty.members.tables import MemberBalance
from loyalty.orders.facts import CodeFacts
from loyalty.orders.recording import record_order
from loyalty.orders.tables import OrderCode, OrderLineCode
from loyalty.redemption.due import begin_expired
from loyalty.redemption.returning import finish
from loyalty.redemption.tables import Redemption
from loyalty.redemption.use_table import RedemptionUse
from loyalty.shops.directory import get_shop
from tests.conftest import DatabaseUrls
from tests.factories.facts import a_customer, a_line, an_order
from tests.jobs.privacy.cast import ask, identities_of, tables_that_hold
from tests.jobs.privacy.shopper import Shopper

_BOOKS = (Redemption, RedemptionUse, CouponCode, OrderCode, OrderLineCode)


def erase(who: Shopper) -> None:
    """Shopify asks for it, and it is done."""
    ask(who, "customers/redact")
    requests.run_shop(who.shop_id)


def books(session: Session) -> list[list[tuple[object, ...]]]:
    """Every column of all that was redeemed, handed out and used."""
    return [
        [tuple(row) for row in session.execute(select(*model.__table__.columns))]
        for model in _BOOKS
    ]


def unused(session: Session, name: str) -> Redemption:
    """The redemption of this reward, whose code nobody has used."""
    redemptions = session.scalars(select(Redemption).where(Redemption.state == "issued"))
    return next(each for each in redemptions if each.terms["name"] == name)


def available(session: Session, shop_id: int, member_id: UUID) -> int:
    """The points that a member could spend."""
    return session.get_one(MemberBalance, (shop_id, member_id)).available


def test_what_was_redeemed_handed_out_and_used_stands_to_the_last_column(alice: Shopper) -> None:
    with db.shop_transaction(alice.shop_id) as session:
        before = books(session)

    erase(alice)

    with db.shop_transaction(alice.shop_id) as session:
        assert books(session) == before
        assert [len(rows) for rows in before] == [4, 1, 2, 2, 2]


def test_the_codes_of_a_merged_account_are_the_survivors(alice: Shopper) -> None:
    with db.shop_transaction(alice.shop_id) as session:
        assert len(identities_of(session, alice)) == 2
        owners = {
            each.terms["name"]: each.member_id for each in session.scalars(select(Redemption))
        }
    assert owners == dict.fromkeys(("Credit", "Five off", "Tea", "Ten off"), alice.member_id)


def test_a_code_that_nobody_used_runs_out_and_its_points_return_to_the_anonymous_books(
    alice: Shopper, database: DatabaseUrls
) -> None:
    erase(alice)
    requests.run_shop(alice.shop_id, now=utc_now() + timedelta(days=15))
    ids, later = (alice.shop_id, alice.member_id), utc_now() + timedelta(days=60)

    with db.shop_transaction(alice.shop_id) as session:
        before, redemption = available(session, *ids), unused(session, "Tea")
        assert begin_expired(session, alice.shop_id, now=later, limit=9) == 2
        finish(session, alice.shop_id, redemption.id, now=later)

    with db.shop_transaction(alice.shop_id) as session:
        returned = session.get_one(Redemption, (alice.shop_id, redemption.id))
        assert (returned.state, returned.points_returned) == ("returned", 100)
        assert available(session, *ids) == before + 100
        assert find_differences(session, alice.shop_id) == []
    assert tables_that_hold(database, alice.shop_id, alice.marks) == set()


def test_an_order_that_carries_a_code_of_theirs_later_uses_it_and_names_nobody(
    alice: Shopper, database: DatabaseUrls
) -> None:
    erase(alice)
    requests.run_shop(alice.shop_id, now=utc_now() + timedelta(days=15))
    ids = alice.shop_id, alice.member_id

    with db.shop_transaction(alice.shop_id) as session:
        redemption, before = unused(session, "Tea"), available(session, *ids)
        assert redemption.code is not None
        buyer = a_customer(alice.customer_id, email=alice.email, last_name=alice.last_name)
        facts = an_order(
            4713,
            a_line(91, discount_minor=100),
            customer_id=alice.customer_id,
            customer=buyer,
            created_at=utc_now(),
            processed_at=utc_now(),
            codes=(CodeFacts(redemption.code, 100, ((91, 100),)),),
        )
        record_order(
            session, get_shop(session, alice.shop_id), facts, now=utc_now(), is_backfill=False
        )

    with db.shop_transaction(alice.shop_id) as session:
        used = session.get_one(Redemption, (alice.shop_id, redemption.id))
        assert (used.state, used.order_id, used.points_returned) == ("used", 4713, 0)
        assert available(session, *ids) == before
        assert find_differences(session, alice.shop_id) == []
    assert tables_that_hold(database, alice.shop_id, alice.marks) == set()
