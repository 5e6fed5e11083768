"""What is read of a shop: whose orders, on which days, and how close each member is to it."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import numpy as np
from sqlalchemy import literal, select, update
from sqlalchemy.orm import Session

from loyalty.base.db import enter_shop
from loyalty.base.ids import new_id
from loyalty.criteria import outside
from loyalty.criteria.facts import Source
from loyalty.insights.frequencies import Excluded, day_number
from loyalty.insights.histories import Batch, count_members, read_batches
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.consent import MemberConsent
from loyalty.members.tables import Member
from loyalty.preferences import NotificationPreference
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.insights.shops import TODAY, add_members, add_order

YESTERDAY = TODAY - timedelta(days=1)


def read(session: Session, shop: Shop, *, batch: int = 2) -> list[Batch]:
    members = count_members(session, shop.shop_id)
    return list(read_batches(session, shop, members=members, now=NOON, batch=batch))


def histories(session: Session, shop: Shop) -> dict[UUID, list[tuple[int, int]]]:
    """(days ago, minor units) of each member, over all batches."""
    found = {}
    for batch in read(session, shop):
        past, ids = batch.histories, batch.ids.tobytes()
        for at in range(past.members):
            rows = slice(past.starts[at], past.starts[at + 1])
            days = (day_number(TODAY) - past.days[rows]).tolist()
            member_id = UUID(bytes=ids[16 * at : 16 * at + 16])
            found[member_id] = list(zip(days, past.values_minor[rows].tolist(), strict=True))
    return found


def engagement(session: Session, shop: Shop) -> dict[UUID, int]:
    return {
        UUID(bytes=batch.ids.tobytes()[16 * at : 16 * at + 16]): int(fifths)
        for batch in read(session, shop)
        for at, fifths in enumerate(batch.engagement)
    }


def test_members_are_read_with_their_orders_in_whatever_batches(
    session: Session, aurora: Shop
) -> None:
    ids = add_members(session, aurora, 40)
    for number, member_id in enumerate(ids):
        for ago in range(number % 4):
            add_order(session, aurora, member_id, TODAY - timedelta(days=ago))

    batches = read(session, aurora)
    found = histories(session, aurora)

    assert len(batches) > 5
    assert sum(batch.histories.members for batch in batches) == 40
    assert all(np.all(batch.ids[1:] > batch.ids[:-1]) for batch in batches)
    for number, member_id in enumerate(ids):
        assert found[member_id] == [(ago, 1000) for ago in reversed(range(number % 4))]


def test_tests_cancelled_and_unpaid_orders_are_no_orders(session: Session, aurora: Shop) -> None:
    [alice] = add_members(session, aurora, 1)
    add_order(session, aurora, alice, TODAY)
    add_order(session, aurora, alice, YESTERDAY, is_test=True)
    add_order(session, aurora, alice, YESTERDAY, is_paid=False)
    add_order(session, aurora, alice, YESTERDAY, cancelled_at=NOON)

    assert histories(session, aurora) == {alice: [(0, 1000)]}


def test_days_are_the_shops_and_value_is_the_current_total(session: Session, aurora: Shop) -> None:
    [alice] = add_members(session, aurora, 1)
    # 23:30 UTC on the 20th is the 21st in Madrid.
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    add_order(session, aurora, alice, TODAY, processed_at=late, current_total_minor=700)

    assert histories(session, aurora) == {alice: [(1, 700)]}


def test_what_cannot_be_true_is_left_out_and_counted(session: Session, aurora: Shop) -> None:
    [alice] = add_members(session, aurora, 1)
    add_order(session, aurora, alice, date(2027, 1, 1))
    add_order(session, aurora, alice, YESTERDAY, current_total_minor=-1)
    add_order(session, aurora, alice, TODAY, currency="GBP")
    add_order(session, aurora, alice, TODAY)

    [batch] = read(session, aurora)

    assert batch.histories.excluded == {
        Excluded.FUTURE: 1,
        Excluded.NEGATIVE: 1,
        Excluded.FOREIGN: 1,
        Excluded.SAME_DAY: 1,
    }
    assert histories(session, aurora) == {alice: [(0, 1000)]}


def test_only_active_members_of_the_shop_are_read(session: Session, aurora: Shop) -> None:
    alice, gone = add_members(session, aurora, 2)
    add_order(session, aurora, gone, TODAY)
    session.execute(update(Member).where(Member.id == gone).values(state="archived"))
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/Toronto")
    [bob] = add_members(session, borealis, 1)
    add_order(session, borealis, bob, TODAY)

    assert histories(session, borealis) == {bob: [(0, 1000)]}
    enter_shop(session, aurora.shop_id)
    assert histories(session, aurora) == {alice: []}


def test_shop_without_members_has_no_batches(session: Session, aurora: Shop) -> None:
    assert read(session, aurora) == []


def test_engagement_adds_up_its_four_parts(
    session: Session, aurora: Shop, mail_settings: None
) -> None:
    card, paused, redeemed, emailable, nothing, gone = add_members(session, aurora, 6)
    holders = {card: True, paused: True, gone: True}
    readers = dict(outside._readers)
    outside.register({**readers, Source.CARDS: _holders(list(holders))})
    key = {"shop_id": aurora.shop_id}
    session.add(NotificationPreference(**key, member_id=paused, marketing=False, changed_at=NOON))
    for days, member_id in ((180, redeemed), (181, nothing)):
        _redeem(session, aurora, member_id, NOON - timedelta(days=days))
    session.execute(update(Member).where(Member.id == emailable).values(email_norm="a@b.example"))
    for member_id, state in ((emailable, "subscribed"), (gone, "unsubscribed")):
        consent = {"channel": "email", "state": state, "source": "test", "changed_at": NOON}
        session.add(MemberConsent(**key, member_id=member_id, **consent))
    session.flush()
    try:
        found = engagement(session, aurora)
    finally:
        outside.register(readers)

    assert found == {card: 3, paused: 2, gone: 2, redeemed: 1, emailable: 1, nothing: 0}


def _holders(member_ids: list[UUID]) -> outside.Reader:
    """A wallet that knows these."""

    def read_cards(session: Session, shop_id: int, _: object) -> object:
        return select(Member.id.label("member_id"), literal(True).label("has_card_now")).where(
            Member.shop_id == shop_id, Member.id.in_(member_ids)
        )

    return read_cards  # type: ignore[return-value]


def _redeem(session: Session, shop: Shop, member_id: UUID, at: datetime) -> None:
    session.add(
        LedgerEntry(
            shop_id=shop.shop_id,
            id=new_id(),
            member_id=member_id,
            kind="redeem",
            points=-1,
            occurred_at=at,
            posted_at=at,
            source_kind="redeem",
            source_id="1",
            idempotency_key=str(new_id()),
            actor="system:test",
        )
    )
