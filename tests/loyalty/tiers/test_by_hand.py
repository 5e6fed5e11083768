"""A tier by hand beyond its worked cases: what is refused, who did it, and setting free."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor, AuditRow
from loyalty.base.db import enter_shop
from loyalty.base.errors import BadTier, LoyaltyError, MemberNotActive, MemberNotFound, TierNotFound
from loyalty.base.ids import new_id
from loyalty.members.tables import Member, TimelineEvent
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from loyalty.tiers.by_hand import clear_tier_by_hand, set_tier_by_hand
from loyalty.tiers.tables import MemberTier
from loyalty.tiers.views import find_standing
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.tiers.cast import buy, have_tiers, moves_told, tier_name

TODAY = date(2026, 11, 22)
STAFF = Actor("staff", "1")


def hold(session: Session, shop: Shop, member_id: UUID, **changes: object) -> None:
    given = {"mode": "floor", "tier_id": None, "reason": "VIP", "until_on": None} | changes
    set_tier_by_hand(session, shop, member_id, **given, actor=STAFF, now=NOON)  # type: ignore[arg-type]


def test_who_set_what_and_why_is_written_down(
    session: Session, aurora: Shop, alice: Member
) -> None:
    tiers = have_tiers(session, aurora)

    hold(session, aurora, alice.id, tier_id=tiers["Gold"].id, until_on=TODAY)

    assert moves_told(session, alice) == [(None, "Gold", "by_hand")]
    [event] = session.scalars(select(TimelineEvent).where(TimelineEvent.kind == "tier_changed"))
    assert event.details["reason"] == "VIP"
    [row] = session.scalars(select(AuditRow).where(AuditRow.action == "tier_set"))
    assert (row.actor_kind, row.actor_id, row.subject_id) == ("staff", "1", str(alice.id))
    assert row.details == {
        "mode": "floor",
        "tier": str(tiers["Gold"].id),
        "reason": "VIP",
        "until": "2026-11-22",
    }


def test_lock_without_a_tier_means_no_tier(session: Session, aurora: Shop, alice: Member) -> None:
    have_tiers(session, aurora)
    buy(session, aurora, 1, 500_00, TODAY)

    hold(session, aurora, alice.id, mode="lock")

    assert tier_name(session, alice) is None


def test_floor_below_what_is_held_changes_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    tiers = have_tiers(session, aurora)
    buy(session, aurora, 1, 500_00, TODAY)

    hold(session, aurora, alice.id, tier_id=tiers["Silver"].id)

    assert tier_name(session, alice) == "Gold"


def test_who_is_set_free_stands_where_orders_put_them(
    session: Session, aurora: Shop, alice: Member
) -> None:
    tiers = have_tiers(session, aurora)
    buy(session, aurora, 1, 100_00, TODAY)
    hold(session, aurora, alice.id, tier_id=tiers["Gold"].id)

    assert clear_tier_by_hand(session, aurora, alice.id, actor=STAFF, now=NOON)

    assert tier_name(session, alice) == "Silver"
    assert not clear_tier_by_hand(session, aurora, alice.id, actor=STAFF, now=NOON)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mode": "ceiling"}, "mode"),
        ({"mode": "floor", "tier_id": None}, "tier"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 201}, "reason"),
        ({"reason": "a\0b"}, "reason"),
        ({"until_on": TODAY - timedelta(days=1)}, "until"),
    ],
)
def test_what_cannot_work_is_refused_with_its_field(
    session: Session, aurora: Shop, alice: Member, changes: dict[str, object], field: str
) -> None:
    tiers = have_tiers(session, aurora)

    with pytest.raises(BadTier) as refused:
        hold(session, aurora, alice.id, **({"tier_id": tiers["Gold"].id} | changes))

    assert refused.value.field == field
    assert session.scalars(select(MemberTier)).all() == []


def test_without_tiers_nothing_can_be_set(session: Session, aurora: Shop, alice: Member) -> None:
    tiers = have_tiers(session, aurora)
    get_programme(session, aurora.shop_id).tiers_on = False

    with pytest.raises(BadTier):
        hold(session, aurora, alice.id, tier_id=tiers["Gold"].id)


def test_unknown_retired_and_foreign_tiers_are_not_found(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora)
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/Toronto")
    foreign = have_tiers(session, borealis)["Gold"].id
    enter_shop(session, aurora.shop_id)
    retired = have_tiers(session, aurora, ("Old", 1, "1"))["Old"]
    retired.retired_at = NOON
    session.flush()

    for tier_id in (foreign, retired.id, new_id()):
        with pytest.raises(TierNotFound):
            hold(session, aurora, alice.id, tier_id=tier_id)


@pytest.mark.parametrize(
    ("state", "error"), [("archived", MemberNotActive), ("erased", MemberNotActive)]
)
def test_who_is_not_active_is_left_alone(
    session: Session, aurora: Shop, alice: Member, state: str, error: type[LoyaltyError]
) -> None:
    tiers = have_tiers(session, aurora)
    alice.state = state
    session.flush()

    with pytest.raises(error):
        hold(session, aurora, alice.id, tier_id=tiers["Gold"].id)
    with pytest.raises(error):
        clear_tier_by_hand(session, aurora, alice.id, actor=STAFF, now=NOON)


def test_unknown_member_is_not_found(session: Session, aurora: Shop) -> None:
    tiers = have_tiers(session, aurora)

    with pytest.raises(MemberNotFound):
        hold(session, aurora, new_id(), tier_id=tiers["Gold"].id)


def test_standing_says_what_is_missing_and_how_long_it_lasts(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, cycle="calendar")
    buy(session, aurora, 1, 120_00, TODAY)

    standing = find_standing(session, aurora, alice.id, now=NOON)

    assert standing is not None and standing.tier is not None and standing.next is not None
    assert (standing.tier.name, standing.metric) == ("Silver", 120_00)
    assert (standing.next.name, standing.missing) == ("Gold", 380_00)
    assert standing.lasts_until_on == date(2028, 1, 30)
    assert standing.hand_mode is None


def test_standing_tells_what_was_set_by_hand_while_it_holds(
    session: Session, aurora: Shop, alice: Member
) -> None:
    tiers = have_tiers(session, aurora)
    hold(session, aurora, alice.id, tier_id=tiers["Gold"].id, until_on=TODAY)

    now = find_standing(session, aurora, alice.id, now=NOON)
    tomorrow = find_standing(session, aurora, alice.id, now=NOON + timedelta(days=1))

    assert now is not None and tomorrow is not None
    assert (now.hand_mode, now.hand_reason, now.hand_until_on) == ("floor", "VIP", TODAY)
    assert (tomorrow.hand_mode, tomorrow.hand_reason) == (None, None)
