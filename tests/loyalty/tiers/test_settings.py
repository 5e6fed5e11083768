"""Changing the tiers: what is refused, whom a change would move, and that it moves just those."""

from collections import Counter
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor, AuditRow
from loyalty.base.errors import BadTier
from loyalty.base.ids import new_id
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from loyalty.tiers.by_hand import set_tier_by_hand
from loyalty.tiers.evaluation import evaluate
from loyalty.tiers.plans import RungText, TierPlan, read_plan
from loyalty.tiers.settings import preview_plan, read_present, save_plan
from loyalty.tiers.standing import multiplier_of
from loyalty.tiers.tables import Tier
from tests.factories.facts import NOON, a_customer
from tests.loyalty.tiers.cast import buy, moves_told, tier_name

TODAY = date(2026, 11, 22)
STAFF = Actor("staff", "1")
SILVER, GOLD = RungText(None, "Silver", "100", "1.5"), RungText(None, "Gold", "500", "2")


def plan(session: Session, shop: Shop, *rungs: RungText, **changes: object) -> TierPlan:
    present = read_present(session, shop)
    given: dict[str, object] = {
        "is_on": True,
        "metric": "spend",
        "cycle": "lifetime",
        "grace_days": "30",
        "counts_grants": False,
        "counts_imports": False,
    }
    return read_plan(
        **(given | changes),  # type: ignore[arg-type]
        rungs=rungs,
        currency=shop.currency,
        zone=shop.timezone,
        known={rung.id: rung.name for rung in present.ladder.rungs},
    )


def save(session: Session, shop: Shop, planned: TierPlan) -> None:
    save_plan(session, shop, planned, actor=STAFF, now=NOON)


@pytest.mark.parametrize(
    ("rungs", "changes", "field"),
    [
        ((SILVER,), {"metric": "visits"}, "metric"),
        ((SILVER,), {"cycle": "weekly"}, "cycle"),
        ((SILVER,), {"grace_days": "-1"}, "grace_days"),
        ((SILVER,), {"grace_days": "366"}, "grace_days"),
        ((SILVER,), {"grace_days": "soon"}, "grace_days"),
        ((), {}, "tiers"),
        (tuple(RungText(None, f"T{n}", str(n)) for n in range(21)), {}, "tiers"),
        ((RungText(None, " ", "100"),), {}, "tiers[0].name"),
        ((RungText(None, "x" * 41, "100"),), {}, "tiers[0].name"),
        ((SILVER, RungText(None, "SILVER", "200")), {}, "tiers[1].name"),
        ((SILVER, RungText(None, "Gold", "100.00")), {}, "tiers[1].threshold"),
        ((RungText(None, "Silver", "-1"),), {}, "tiers[0].threshold"),
        ((RungText(None, "Silver", "1.005"),), {}, "tiers[0].threshold"),
        ((RungText(None, "Silver", "NaN"),), {}, "tiers[0].threshold"),
        ((RungText(None, "Silver", "1.5"),), {"metric": "points"}, "tiers[0].threshold"),
        ((RungText(None, "Silver", "9" * 19),), {"metric": "points"}, "tiers[0].threshold"),
        ((RungText(None, "Silver", "100", "0"),), {}, "tiers[0].multiplier"),
        ((RungText(None, "Silver", "100", "-1"),), {}, "tiers[0].multiplier"),
        ((RungText(None, "Silver", "100", "NaN"),), {}, "tiers[0].multiplier"),
        ((RungText(None, "Silver", "100", "Infinity"),), {}, "tiers[0].multiplier"),
        ((RungText(None, "Silver", "100", "double"),), {}, "tiers[0].multiplier"),
        ((RungText(None, "Silver", "100", "100.0001"),), {}, "tiers[0].multiplier"),
        ((RungText(None, "Silver", "100", "1.00001"),), {}, "tiers[0].multiplier"),
        ((RungText(new_id(), "Silver", "100"),), {}, "tiers[0].id"),
    ],
)
def test_tiers_that_cannot_work_are_refused_with_their_field(
    session: Session,
    aurora: Shop,
    rungs: tuple[RungText, ...],
    changes: dict[str, object],
    field: str,
) -> None:
    with pytest.raises(BadTier) as refused:
        plan(session, aurora, *rungs, **changes)

    assert refused.value.field == field
    assert str(refused.value)
    assert session.scalars(select(Tier)).all() == []


def test_tiers_are_saved_as_they_were_written(session: Session, aurora: Shop) -> None:
    save(session, aurora, plan(session, aurora, GOLD, SILVER, cycle="rolling", grace_days="0"))

    present = read_present(session, aurora)
    assert present.is_on
    assert (present.terms.metric, present.terms.cycle, present.terms.grace_days) == (
        *("spend", "rolling"),
        0,
    )
    rungs = [(rung.name, rung.threshold, str(rung.multiplier)) for rung in present.ladder.rungs]
    assert rungs == [("Silver", 100_00, "1.5"), ("Gold", 500_00, "2")]
    assert session.scalars(select(AuditRow.action)).all().count("tiers_saved") == 1


def test_yen_have_no_decimals(session: Session, aurora: Shop) -> None:
    read = read_plan(
        is_on=True,
        metric="spend",
        cycle="lifetime",
        grace_days=30,
        counts_grants=False,
        counts_imports=False,
        rungs=[SILVER],
        currency="JPY",
        zone="Asia/Tokyo",
        known={},
    )

    assert read.ladder.rungs[0].threshold == 100


def test_change_moves_just_those_whom_its_preview_counts(
    session: Session, aurora: Shop, alice: Member
) -> None:
    carla = a_second_member(session, aurora)
    save(session, aurora, plan(session, aurora, SILVER, GOLD))
    buy(session, aurora, 1, 150_00, TODAY)
    buy(session, aurora, 2, 60_00, TODAY, customer_id=502)
    silver, _ = read_present(session, aurora).ladder.rungs
    planned = plan(
        session,
        aurora,
        RungText(silver.id, "Silver", "50"),
        RungText(None, "Diamond", "140"),
    )

    preview = preview_plan(session, aurora, planned, now=NOON)
    save(session, aurora, planned)
    moves = evaluate(session, aurora, [alice.id, carla.id], now=NOON)

    # Gold goes, nobody had it; Alice rises from Silver, Carla from nothing.
    assert preview.moves == Counter({("Silver", "Diamond"): 1, (None, "Silver"): 1})
    assert (preview.members, preview.up, preview.down) == (2, 2, 0)
    assert len(moves) == 2
    assert (tier_name(session, alice), tier_name(session, carla)) == ("Diamond", "Silver")


def test_preview_writes_nothing(session: Session, aurora: Shop, alice: Member) -> None:
    buy(session, aurora, 1, 150_00, TODAY)

    preview = preview_plan(session, aurora, plan(session, aurora, SILVER), now=NOON)

    assert preview.up == 1
    assert session.scalars(select(Tier)).all() == []
    assert not get_programme(session, aurora.shop_id).tiers_on


def test_who_held_a_tier_that_is_gone_stands_where_it_leads(
    session: Session, aurora: Shop, alice: Member
) -> None:
    save(session, aurora, plan(session, aurora, SILVER, GOLD))
    buy(session, aurora, 1, 500_00, TODAY)
    [silver, _] = read_present(session, aurora).ladder.rungs

    save(session, aurora, plan(session, aurora, RungText(silver.id, "Silver", "100", "1.5")))

    # Before anybody has moved her, she earns as Silver already.
    assert str(multiplier_of(session, aurora.shop_id, alice.id)[1]) == "1.5"
    evaluate(session, aurora, [alice.id], now=NOON)
    assert moves_told(session, alice)[-1] == ("Gold", "Silver", "lapsed")


def test_tier_that_comes_back_is_a_rung_again(session: Session, aurora: Shop) -> None:
    save(session, aurora, plan(session, aurora, SILVER, GOLD))
    silver, gold = read_present(session, aurora).ladder.rungs
    both = plan(session, aurora, RungText(silver.id, "Silver", "100"), RungText(gold.id, "G", "9"))
    save(session, aurora, plan(session, aurora, RungText(silver.id, "Silver", "100")))

    save(session, aurora, both)

    assert [rung.name for rung in read_present(session, aurora).ladder.rungs] == ["G", "Silver"]


def test_tier_that_is_set_by_hand_for_somebody_cannot_go(
    session: Session, aurora: Shop, alice: Member
) -> None:
    save(session, aurora, plan(session, aurora, SILVER, GOLD))
    silver, gold = read_present(session, aurora).ladder.rungs
    set_tier_by_hand(
        session,
        aurora,
        alice.id,
        mode="floor",
        tier_id=gold.id,
        reason="VIP",
        until_on=None,
        actor=STAFF,
        now=NOON,
    )
    planned = plan(session, aurora, RungText(silver.id, "Silver", "100"))

    with pytest.raises(BadTier) as refused:
        save(session, aurora, planned)

    assert refused.value.field == "tiers"


def test_tiers_that_are_off_move_nobody_and_multiply_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    save(session, aurora, plan(session, aurora, SILVER))
    buy(session, aurora, 1, 150_00, TODAY)
    [silver] = read_present(session, aurora).ladder.rungs
    off = plan(session, aurora, RungText(silver.id, "Silver", "999"), is_on=False)

    assert preview_plan(session, aurora, off, now=NOON).down == 0
    save(session, aurora, off)

    assert evaluate(session, aurora, [alice.id], now=NOON) == []
    assert multiplier_of(session, aurora.shop_id, alice.id)[1] == 1


def a_second_member(session: Session, shop: Shop) -> Member:
    facts = a_customer(502, first_name="Carla", email="carla@example.com")
    customer = record_customer(session, shop, facts, now=NOON, is_backfill=False)
    return session.get_one(Member, (shop.shop_id, customer.member_id))
