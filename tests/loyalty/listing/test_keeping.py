"""The list's rows: kept by looks at members, and the same as all of them made anew."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from loyalty import adjustments
from loyalty.audit import SYSTEM, Actor
from loyalty.base.ids import new_id
from loyalty.listing import keeping
from loyalty.listing.tables import NEVER, MemberListing
from loyalty.members import archiving
from loyalty.members.consent import say
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member
from loyalty.orders.recording import record_order
from loyalty.shops.tables import Shop
from loyalty.tiers.ladder import load_ladder
from mailing.addresses import address_hash, lock_address
from mailing.tables import EmailMessage
from tests.factories.facts import NOON, a_customer, an_order

pytestmark = pytest.mark.usefixtures("mail_settings")


def test_a_new_member_is_listed_in_the_transaction_that_enrols(
    session: Session, aurora: Shop, alice: Member
) -> None:
    row = row_of(session, alice)

    assert (row.joined_at, row.points, row.last_order_on) == (alice.joined_at, 0, NEVER)


def test_a_look_writes_what_is_true_by_now_and_again_changes_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    live(session, aurora, alice)

    first = keeping.refresh_members(session, aurora, [alice.id], now=NOON)
    again = keeping.refresh_members(session, aurora, [alice.id], now=NOON)

    row = row_of(session, alice)
    assert (first, again) == (1, 0)
    assert row.points >= 40
    assert row.last_order_on == date(2026, 11, 22)
    assert (row.consent, row.bounce, row.card) == (3, 1, 0)


def test_who_is_put_away_is_listed_no_more_until_they_come_back(
    session: Session, aurora: Shop, alice: Member
) -> None:
    archiving.archive(session, aurora, alice.id, actor=SYSTEM, reason="asked", now=NOON)
    keeping.refresh_members(session, aurora, [alice.id], now=NOON)
    away = find_row(session, alice)

    archiving.restore(session, aurora, alice.id, actor=SYSTEM, now=NOON)
    keeping.refresh_members(session, aurora, [alice.id], now=NOON)

    assert away is None
    assert find_row(session, alice) is not None


def test_rows_made_anew_are_the_rows_that_were_kept(
    session: Session, aurora: Shop, alice: Member
) -> None:
    live(session, aurora, alice)
    other = enrol(session, aurora, 77)
    keeping.refresh_members(session, aurora, [alice.id, other.id], now=NOON)
    kept = all_rows(session, aurora)

    differing = keeping.find_differing(session, aurora, now=NOON)
    session.execute(delete(MemberListing).where(MemberListing.shop_id == aurora.shop_id))
    added = keeping.add_missing(session, aurora, now=NOON)

    assert differing == []
    assert added == 2
    assert all_rows(session, aurora) == kept


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": 7},
        {"tier_id": UUID(int=3)},
        {"tier_rank": 4},
        {"last_order_on": date(2020, 1, 1)},
        {"consent": 2},
        {"bounce": 2},
        {"card": 3},
        {"churn": 4},
        {"joined_at": NOON - timedelta(days=999)},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_row_that_says_something_else_is_found_and_mended(
    session: Session, aurora: Shop, alice: Member, wrong: dict[str, object]
) -> None:
    keeping.refresh_members(session, aurora, [alice.id], now=NOON)
    session.execute(update(MemberListing).where(MemberListing.member_id == alice.id).values(wrong))

    found = keeping.find_differing(session, aurora, now=NOON)
    keeping.refresh_members(session, aurora, found, now=NOON)

    assert found == [alice.id]
    assert keeping.find_differing(session, aurora, now=NOON) == []


def test_a_row_too_few_and_one_too_many_are_found(
    session: Session, aurora: Shop, alice: Member
) -> None:
    other = enrol(session, aurora, 77)
    keeping.refresh_members(session, aurora, [alice.id, other.id], now=NOON)
    session.execute(delete(MemberListing).where(MemberListing.member_id == alice.id))
    other.state = "archived"
    session.flush()

    assert set(keeping.find_differing(session, aurora, now=NOON)) == {alice.id, other.id}


def live(session: Session, shop: Shop, member: Member) -> None:
    """An order, points by hand, a yes to emails, and an address that bounced for a while."""
    record_order(session, shop, an_order(1, processed_at=NOON), now=NOON, is_backfill=False)
    adjustments.adjust(
        session,
        shop.shop_id,
        member.id,
        points=40,
        reason="other",
        note=None,
        order_reference=None,
        client_key="once",
        actor=Actor("staff", "42"),
        now=NOON,
    )
    say(session, shop.shop_id, member.id, "email", "subscribed", source="staff", said_at=NOON)
    hashed = address_hash(shop.shop_id, member.email_norm)
    lock_address(session, shop.shop_id, hashed).soft_bounces = 1
    session.add(_message(member, hashed))
    session.flush()


def enrol(session: Session, shop: Shop, number: int) -> Member:
    """Another member of Aurora."""
    facts = a_customer(number, first_name="Carla", email=f"carla{number}@example.com")
    customer = record_customer(session, shop, facts, now=NOON, is_backfill=False)
    return session.get_one(Member, (shop.shop_id, customer.member_id))


def row_of(session: Session, member: Member) -> MemberListing:
    """Alice's row as the database has it."""
    row = find_row(session, member)
    assert row is not None
    return row


def find_row(session: Session, member: Member) -> MemberListing | None:
    """The same, if there is one."""
    return session.get(MemberListing, (member.shop_id, member.id), populate_existing=True)


def all_rows(session: Session, shop: Shop) -> set[tuple[object, ...]]:
    """Every row of the shop, column by column."""
    table = MemberListing.__table__
    return {
        tuple(row) for row in session.execute(select(table).where(table.c.shop_id == shop.shop_id))
    }


def test_the_place_on_the_ladder_is_the_tiers(
    session: Session, aurora: Shop, alice: Member
) -> None:
    keeping.refresh_members(session, aurora, [alice.id], now=NOON)

    row = row_of(session, alice)
    assert row.tier_rank == load_ladder(session, aurora.shop_id).rank_of(row.tier_id)


def _message(member: Member, hashed: str) -> EmailMessage:
    return EmailMessage(
        shop_id=member.shop_id,
        id=new_id(),
        member_id=member.id,
        event_id=new_id(),
        kind="card",
        is_asked_for=False,
        state="sent",
        doubts=0,
        address_hash=hashed,
        created_at=NOON,
        bounced_at=NOON,
    )
