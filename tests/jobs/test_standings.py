"""The daily look at tiers and badges, and what operators type about them."""

from datetime import timedelta
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from jobs import standings
from jobs.tier_commands import tier_commands
from loyalty.badges.tables import Badge, MemberBadge
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.members.tables import Member, MemberBalance, TimelineEvent
from loyalty.orders.tables import Order
from loyalty.programme.tables import Programme
from loyalty.shops.tables import Shop
from loyalty.tiers import nightly
from loyalty.tiers.tables import MemberTier, Tier
from tests.factories.facts import NOON
from tests.jobs.conftest import Aurora, add_member, install_committed

DOMAIN = ("--shop", "aurora.myshopify.com")
LADDER = ("--tier", "Silver:100:1.5", "--tier", "Gold:500:2")


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(tier_commands, arguments)


def with_order(aurora: Aurora, member_id: UUID, order_id: int, spend_minor: int) -> None:
    """A paid order of the member, who joined now: committed past the desk, as old history."""
    at = NOON - timedelta(days=400)
    with db.shop_transaction(aurora.shop_id) as session:
        session.get_one(Member, (aurora.shop_id, member_id)).joined_at = utc_now()
        if session.get(MemberBalance, (aurora.shop_id, member_id)) is None:
            session.add(MemberBalance(shop_id=aurora.shop_id, member_id=member_id))
        session.add(
            Order(
                shop_id=aurora.shop_id,
                order_id=order_id,
                name=f"#{order_id}",
                customer_id=None,
                member_id=member_id,
                currency="EUR",
                taxes_included=False,
                is_test=False,
                is_paid=True,
                is_history=True,
                source_name="web",
                location_id=None,
                total_minor=spend_minor,
                current_total_minor=spend_minor,
                created_at=at,
                processed_at=at,
                cancelled_at=None,
                shopify_updated_at=at,
            )
        )


def tiers_held(aurora: Aurora) -> dict[UUID, str]:
    """Member → the name of the tier that is written."""
    with db.shop_transaction(aurora.shop_id) as session:
        rows = session.execute(
            select(MemberTier.member_id, Tier.name).join(Tier, Tier.id == MemberTier.tier_id)
        )
        return {row.member_id: row.name for row in rows}


def badges_held(aurora: Aurora) -> list[str]:
    with db.shop_transaction(aurora.shop_id) as session:
        statement = select(Badge.name).join(MemberBadge, MemberBadge.badge_id == Badge.id)
        return sorted(session.scalars(statement))


def test_preview_says_who_would_move_and_saving_moves_them(aurora: Aurora) -> None:
    with_order(aurora, aurora.alice, 1, 150_00)

    shown = typed("set-tiers", *DOMAIN, *LADDER)
    assert "1 members, 1 up, 0 down\nno tier -> Silver: 1" in shown.output
    assert tiers_held(aurora) == {}
    saved = typed("set-tiers", *DOMAIN, *LADDER, "--write")

    assert "saved, 1 moved" in saved.output
    assert tiers_held(aurora) == {aurora.alice: "Silver"}
    listed = typed("tiers", *DOMAIN).output
    assert "on metric=spend cycle=lifetime grace_days=30" in listed
    assert "Silver from 100.00 EUR multiplier=1.5" in listed
    with db.shop_transaction(aurora.shop_id) as session:
        [told] = session.scalars(select(TimelineEvent).where(TimelineEvent.kind == "tier_changed"))
    assert told.details["why"] == "settings"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("set-tiers", *DOMAIN, "--tier", "Silver:ten"), "tiers[0].threshold: "),
        (("set-tiers", *DOMAIN, "--tier", "Silver"), "tiers[0]: "),
        (("set-tiers", *DOMAIN, "--tier", "Silver:10:0"), "tiers[0].multiplier: "),
        (("set-tiers", *DOMAIN, "--cycle", "monthly", *LADDER), "cycle: "),
        (("set-tiers", *DOMAIN), "tiers: "),
        (("add-badge", *DOMAIN, "--name", "Mine", "--criteria", "{"), "criteria: "),
        (("add-badge", *DOMAIN, "--name", "Mine", "--criteria", '{"any": []}'), "criteria.any: "),
        (("set-tiers", "--shop", "nobody.myshopify.com", *LADDER), "no shop"),
    ],
)
def test_refusal_names_the_field_and_writes_nothing(
    aurora: Aurora, arguments: tuple[str, ...], said: str
) -> None:
    refused = typed(*arguments)

    assert refused.exit_code == 1
    assert said in refused.output
    with db.shop_transaction(aurora.shop_id) as session:
        assert session.scalars(select(Tier)).all() == []
        assert len(session.scalars(select(Badge)).all()) == 9


def test_member_is_held_at_a_tier_and_set_free(aurora: Aurora) -> None:
    with_order(aurora, aurora.alice, 1, 1_00)
    typed("set-tiers", *DOMAIN, *LADDER, "--write")
    member = ("--member", str(aurora.alice))

    held = typed("set-tier", *DOMAIN, *member, "--mode", "floor", "--tier", "Gold", "--reason", "a")
    assert (held.output, tiers_held(aurora)) == ("set\n", {aurora.alice: "Gold"})
    freed = typed("free-tier", *DOMAIN, *member)

    assert (freed.output, tiers_held(aurora)) == ("freed\n", {})
    unknown = ("--member", str(new_id()), "--mode", "lock", "--reason", "a")
    assert "member_not_found" in typed("set-tier", *DOMAIN, *unknown).output
    no_such = (*member, "--mode", "lock", "--tier", "Bronze", "--reason", "a")
    assert "tier: there is no tier Bronze" in typed("set-tier", *DOMAIN, *no_such).output


def test_own_badge_is_added_won_and_turned_off(aurora: Aurora) -> None:
    with_order(aurora, aurora.alice, 1, 150_00)
    criteria = '{"fact": "total_spend", "is": "at_least", "value": 15000}'

    added = typed("add-badge", *DOMAIN, "--name", "Spender", "--criteria", criteria)
    looked = typed("run-standings", *DOMAIN)

    badge_id = added.output.strip()
    assert "0 moved, 2 badges" in looked.output
    assert badges_held(aurora) == ["First order", "Spender"]
    assert "switched" in typed("switch-badge", *DOMAIN, "--id", badge_id, "--off").output
    assert f"{badge_id} off Spender" in typed("badges", *DOMAIN).output


def test_day_is_looked_at_once_and_every_member_of_it(
    aurora: Aurora, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [aurora.alice, *(add_member(aurora.shop_id) for _ in range(4))]
    for number, member_id in enumerate(members):
        with_order(aurora, member_id, number, 150_00)
    typed("set-tiers", *DOMAIN, *LADDER, "--write")
    assert len(tiers_held(aurora)) == 5
    with db.shop_transaction(aurora.shop_id) as session:
        session.execute(update(Order).values(current_total_minor=0))
    monkeypatch.setattr(standings, "BATCH", 2)
    now = utc_now()

    assert standings.run_shop(aurora.shop_id, now=now) is None
    looked = standings.run_shop(aurora.shop_id, now=now + timedelta(days=1))

    assert looked is not None
    assert (looked.members, looked.moved) == (5, 5)
    assert tiers_held(aurora) == {}
    assert standings.run_shop(aurora.shop_id, now=now + timedelta(days=1)) is None


def test_day_is_not_done_when_the_tiers_were_changed_meanwhile(aurora: Aurora) -> None:
    now = utc_now()
    with db.shop_transaction(aurora.shop_id) as session:
        round_ = nightly.begin_round(session, aurora.shop_id, now=now)
    assert round_ is not None
    with db.shop_transaction(aurora.shop_id) as session:
        session.execute(update(Programme).values(tier_version=Programme.tier_version + 1))

    with db.shop_transaction(aurora.shop_id) as session:
        assert not nightly.end_round(session, aurora.shop_id, round_)
        assert nightly.begin_round(session, aurora.shop_id, now=now) is not None


def test_look_that_is_asked_for_during_a_look_is_not_lost(aurora: Aurora) -> None:
    now = utc_now()
    standings.run_shop(aurora.shop_id, now=now - timedelta(days=1))
    with db.shop_transaction(aurora.shop_id) as session:
        round_ = nightly.begin_round(session, aurora.shop_id, now=now)
    assert round_ is not None
    with db.shop_transaction(aurora.shop_id) as session:
        nightly.ask_for_round(session, aurora.shop_id)

    with db.shop_transaction(aurora.shop_id) as session:
        assert not nightly.end_round(session, aurora.shop_id, round_)

    assert standings.run_shop(aurora.shop_id, now=now) is not None
    assert standings.run_shop(aurora.shop_id, now=now) is None


def test_run_that_died_begins_anew_and_finds_less(aurora: Aurora) -> None:
    for number, member_id in enumerate((aurora.alice, add_member(aurora.shop_id))):
        with_order(aurora, member_id, number, 150_00)
    now = utc_now()
    with db.shop_transaction(aurora.shop_id) as session:
        round_ = nightly.begin_round(session, aurora.shop_id, now=now)
        assert round_ is not None
        shop = nightly.get_shop(session, aurora.shop_id)
        nightly.look_at_batch(session, shop, round_, None, now=now, limit=1)

    looked = standings.run_shop(aurora.shop_id, now=now)

    assert looked is not None
    assert (looked.members, looked.badges) == (2, 1)


def test_one_shops_failure_keeps_none_from_the_others(aurora: Aurora) -> None:
    borealis = install_committed("borealis")
    with_order(borealis, borealis.alice, 1, 10_00)
    with db.shop_transaction(aurora.shop_id) as session:
        # No such zone: the shop's day cannot be told.
        session.get_one(Shop, aurora.shop_id).timezone = "Nowhere/Land"

    standings.run_all()

    assert badges_held(borealis) == ["First order"]
