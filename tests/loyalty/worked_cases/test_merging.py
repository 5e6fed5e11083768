"""The worked cases of the section Merging and archiving; their rows stand in docs/rules.md."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from jobs.privacy.catalogue import PARTS
from loyalty.badges.tables import Badge, MemberBadge
from loyalty.base.errors import BadMerge
from loyalty.base.ids import new_id
from loyalty.ledger.tables import Lot
from loyalty.members import archiving
from loyalty.members.consent import read_consents, say
from loyalty.members.leaving import delete_customer
from loyalty.members.tables import Member, TimelineEvent
from loyalty.merging.from_shopify import follow_merge
from loyalty.merging.preview import preview
from loyalty.merging.undoing import undo
from loyalty.orders.recording import record_order, record_refund
from loyalty.privacy.parts import Person, carry_out
from loyalty.segments.overriding import keep_out, put_in
from loyalty.segments.refreshing import refresh_members
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer, a_line, a_refund, an_order
from tests.loyalty.ledger.cast import Hand
from tests.loyalty.merging.cast import (
    SECOND,
    STAFF,
    buy,
    entries,
    figures,
    give,
    make_one,
    second_account,
)
from tests.loyalty.segments.cast import a_segment, members_in
from tests.loyalty.tiers.cast import have_tiers, tier_name
from wallet.tables import PassType, WalletPass

LATER = NOON + timedelta(hours=3)


@pytest.fixture
def other(session: Session, aurora: Shop, alice: Member) -> Member:
    """Alice's second account."""
    return second_account(session, aurora)


def part(session: Session, shop: Shop, merge_id: object, *, days: int = 2) -> None:
    """Undo the merge so many days after noon."""
    undo(session, shop, merge_id, actor=STAFF, now=NOON + timedelta(days=days))  # type: ignore[arg-type]


def test_merging_1_a_preview_says_what_will_be(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    give(session, alice, 100)
    give(session, other, 40)

    seen = preview(session, aurora.shop_id, alice.id, other.id, now=NOON)

    assert seen.available == 140
    assert figures(session, alice)[0] == 100


def test_merging_2_lots_move_with_their_dates(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    Hand(session, other).credit(40, last_valid_on=date(2026, 12, 1))

    make_one(session, aurora, alice, other)

    [lot] = session.scalars(select(Lot).where(Lot.member_id == alice.id))
    assert (lot.points_left, lot.last_valid_on) == (40, date(2026, 12, 1))


def test_merging_3_merge_out_and_merge_in_sum_to_zero(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    give(session, other, 40)

    make_one(session, aurora, alice, other)

    moved = [entries(session, member.id)[-1] for member in (other, alice)]
    assert moved == [("merge_out", -40), ("merge_in", 40)]
    assert sum(points for _, points in moved) == 0


def test_merging_4_lifetime_figures_add(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    for member, points, spent in ((alice, 100, 30), (other, 40, 15)):
        hand = Hand(session, member)
        hand.credit(points)
        hand.debit(spent)

    make_one(session, aurora, alice, other)

    assert figures(session, alice) == (95, 0, 140, 45)


def test_merging_5_events_unite(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    make_one(session, aurora, alice, other)

    joined = select(func.count()).where(
        TimelineEvent.member_id == alice.id, TimelineEvent.kind == "member_joined"
    )
    assert session.scalar(joined) == 2


def test_merging_6_badges_unite_each_with_its_first_day(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    badges = [
        Badge(
            shop_id=aurora.shop_id,
            id=new_id(),
            name=name,
            description="",
            criteria={},
            is_active=True,
            created_at=NOON,
        )
        for name in ("First", "Tenth")
    ]
    session.add_all(badges)
    session.flush()
    had = ((alice, badges[0], 20), (other, badges[0], 5), (other, badges[1], 7))
    for member, badge, day in had:
        key = {"shop_id": aurora.shop_id, "member_id": member.id, "badge_id": badge.id}
        at = NOON.replace(day=day)
        session.add(MemberBadge(**key, earned_on=at.date(), earned_at=at))
    session.flush()

    make_one(session, aurora, alice, other)

    days = session.scalars(
        select(MemberBadge.earned_on)
        .where(MemberBadge.member_id == alice.id)
        .order_by(MemberBadge.earned_on)
    )
    assert [day.day for day in days] == [5, 7]


def test_merging_7_consent_is_the_stricter(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    shop_id = aurora.shop_id
    for member in (alice, other):
        say(session, shop_id, member.id, "email", "subscribed", source="test", said_at=NOON)
    say(session, shop_id, alice.id, "sms", "subscribed", source="test", said_at=NOON)

    make_one(session, aurora, alice, other)

    allowed = read_consents(session, shop_id, alice.id)
    assert allowed == {"email": "subscribed"}
    assert len(allowed) == 1


def test_merging_8_the_tier_is_worked_out_anew(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    have_tiers(session, aurora, ("Silver", 10_000, "1"))
    buy(session, aurora, 1, 6000, customer_id=501)
    buy(session, aurora, 2, 5000, customer_id=SECOND)
    assert tier_name(session, alice) is None

    make_one(session, aurora, alice, other)

    assert tier_name(session, alice) == "Silver"
    assert figures(session, alice)[0] == 110


def test_merging_9_both_passes_are_the_survivors(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    shop_id = aurora.shop_id
    session.add(PassType(shop_id=shop_id, pass_type_id="p", last_tag=2))
    session.flush()
    for tag, member in enumerate((alice, other), start=1):
        session.add(
            WalletPass(
                shop_id=shop_id,
                id=new_id(),
                member_id=member.id,
                platform="apple",
                pass_type_id="p",
                authentication_token="t" * 32,
                revision=1,
                tag=tag,
                content={},
                last_modified_at=NOON,
                created_at=NOON,
            )
        )
    session.flush()

    make_one(session, aurora, alice, other)

    live = select(func.count()).where(
        WalletPass.member_id == alice.id, WalletPass.voided_at.is_(None)
    )
    assert session.scalar(live) == 2


def test_merging_10_a_later_refund_follows_the_order(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    order = an_order(3, a_line(1, gross_minor=3000, quantity=3), customer_id=SECOND)
    record_order(session, aurora, order, now=NOON, is_backfill=False)
    make_one(session, aurora, alice, other)

    record_refund(session, aurora, a_refund(77, 3), now=LATER)

    assert figures(session, alice)[0] == 20


def test_merging_11_an_undo_sends_the_lots_home(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    give(session, alice, 100)
    give(session, other, 40)
    merge = make_one(session, aurora, alice, other)
    assert figures(session, alice)[0] == 140

    part(session, aurora, merge.id)

    assert (figures(session, alice)[0], figures(session, other)[0]) == (100, 40)


def test_merging_12_what_was_spent_stays_spent(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    give(session, other, 40)
    merge = make_one(session, aurora, alice, other)
    give(session, alice, -30)

    part(session, aurora, merge.id)

    assert (figures(session, alice)[0], figures(session, other)[0]) == (0, 10)


def test_merging_13_a_deficit_that_the_merge_filled_counts_as_spent(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    buy(session, aurora, 4, 5000, customer_id=SECOND)
    give(session, other, -50)
    buy(session, aurora, 4, 5000, customer_id=SECOND, cancelled_at=NOON)
    give(session, alice, 80)
    assert figures(session, other)[0] == -50
    merge = make_one(session, aurora, alice, other)

    part(session, aurora, merge.id)

    assert (figures(session, alice)[0], figures(session, other)[0]) == (30, 0)


def test_merging_14_a_later_deficit_stays_with_the_owner_of_its_order(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    buy(session, aurora, 4, 5000, customer_id=SECOND)
    merge = make_one(session, aurora, alice, other)
    give(session, alice, -50)
    buy(
        *(session, aurora, 4, 5000),
        customer_id=SECOND,
        now=LATER,
        cancelled_at=LATER,
        updated_at=LATER,
    )

    part(session, aurora, merge.id)

    assert (figures(session, alice)[0], figures(session, other)[0]) == (0, -50)


def test_merging_15_later_orders_follow_their_customer(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    merge = make_one(session, aurora, alice, other)
    buy(session, aurora, 7, 2000, customer_id=SECOND, now=LATER)
    buy(session, aurora, 8, 500, customer_id=501, now=LATER)
    assert figures(session, alice)[0] == 25

    part(session, aurora, merge.id)

    assert (figures(session, alice)[0], figures(session, other)[0]) == (5, 20)


def test_merging_16_grants_and_redemptions_while_merged_stay_with_the_survivor(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    merge = make_one(session, aurora, alice, other)
    hand = Hand(session, alice)
    hand.credit(70, at=LATER)
    hand.debit(25, at=LATER)

    part(session, aurora, merge.id)

    assert figures(session, alice) == (45, 0, 70, 25)
    assert figures(session, other) == (0, 0, 0, 0)


def test_merging_17_an_undo_is_possible_for_30_days(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    give(session, other, 40)
    merge = make_one(session, aurora, alice, other)
    end = merge.merged_at + timedelta(days=30)

    with pytest.raises(BadMerge):
        undo(session, aurora, merge.id, actor=STAFF, now=end)
    assert figures(session, alice)[0] == 40
    undo(session, aurora, merge.id, actor=STAFF, now=end - timedelta(seconds=1))
    assert figures(session, other)[0] == 40


def test_merging_18_shopifys_merge_is_carried_out_when_it_succeeded(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    give(session, alice, 100)
    give(session, other, 40)

    for _ in range(2):
        follow_merge(session, aurora, SECOND, 501, a_customer(), now=LATER)

    assert figures(session, alice)[0] == 140


def test_merging_19_whoever_shopify_deletes_is_archived_with_their_points(
    session: Session, aurora: Shop, alice: Member
) -> None:
    give(session, alice, 30)

    delete_customer(session, aurora, 501, now=LATER)
    assert (alice.state, figures(session, alice)[0]) == ("archived", 0)

    archiving.restore(session, aurora, alice.id, actor=STAFF, now=NOON + timedelta(days=9))
    assert (alice.state, figures(session, alice)[0]) == ("active", 30)


def test_merging_20_lots_die_meanwhile_and_a_restore_posts_all_then_expires_the_dead(
    session: Session, aurora: Shop, alice: Member
) -> None:
    Hand(session, alice).credit(30, last_valid_on=date(2026, 11, 25))
    archiving.archive(session, aurora, alice.id, actor=STAFF, reason="by_hand", now=LATER)

    archiving.restore(session, aurora, alice.id, actor=STAFF, now=NOON + timedelta(days=9))

    assert entries(session, alice.id)[1:] == [("archive", -30), ("restore", 30), ("expire", -30)]
    assert figures(session, alice)[0] == 0


def test_merging_21_segments_unite_by_the_stricter_word(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    club, offers = (a_segment(session, aurora, None, name=name) for name in ("Club", "Offers"))
    both = [alice.id, other.id]
    for segment in (club, offers):
        put_in(session, aurora, segment.id, other.id, actor=STAFF, now=NOON)
    keep_out(session, aurora, offers.id, alice.id, actor=STAFF, now=NOON)

    merged = make_one(session, aurora, alice, other)
    refresh_members(session, aurora, both, now=NOON)
    assert members_in(session, club) == {alice.id}
    assert (len(members_in(session, club)), len(members_in(session, offers))) == (1, 0)

    part(session, aurora, merged.id)
    refresh_members(session, aurora, both, now=NOON)
    assert members_in(session, offers) == {other.id}
    assert len(members_in(session, offers)) == 1


def test_merging_22_an_erased_members_ledger_is_kept_without_a_name(
    session: Session, aurora: Shop, alice: Member, mail_settings: None
) -> None:
    give(session, alice, 100)
    give(session, alice, -30)
    person = Person(aurora.shop_id, (alice.id,), (501,), (), ("alice@example.com",))

    for each in PARTS:
        carry_out(session, each.erase, each, person, now=NOON)

    session.refresh(alice)
    assert (alice.state, alice.first_name, alice.email) == ("erased", None, None)
    assert figures(session, alice)[0] == 70
    assert len(entries(session, alice.id)) == 2
