"""Rules and promotions are checked when saved, versioned and audited."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from loyalty.audit import Actor, AuditRow
from loyalty.base.errors import BadRule, RuleNotFound
from loyalty.catalogue.tables import Collection
from loyalty.earning.conditions import Conditions, read_conditions, write_conditions
from loyalty.earning.rulebook import read_rulebook
from loyalty.earning.saving import add_promotion, add_rule, change_promotion, change_rule
from loyalty.programme.tables import EarningRule, EarningRuleVersion
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON

OPERATOR = Actor("operator", "ops")
GOOD: dict[str, Any] = {"name": "Double", "points_per_unit": "2"}
FIXED: dict[str, Any] = {"name": "Hundred", "gives": "fixed", "fixed_points": 100}

REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"name": "  "}, "name"),
    ({"name": "x" * 101}, "name"),
    ({"points_per_unit": None}, "points_per_unit"),
    ({"points_per_unit": "0"}, "points_per_unit"),
    ({"points_per_unit": "-1"}, "points_per_unit"),
    ({"points_per_unit": "NaN"}, "points_per_unit"),
    ({"points_per_unit": "Infinity"}, "points_per_unit"),
    ({"points_per_unit": "one"}, "points_per_unit"),
    ({"points_per_unit": 1.5}, "points_per_unit"),
    ({"points_per_unit": "1.00001"}, "points_per_unit"),
    ({"points_per_unit": "1e99"}, "points_per_unit"),
    ({"fixed_points": 10}, "fixed_points"),
    (FIXED | {"fixed_points": 0}, "fixed_points"),
    (FIXED | {"fixed_points": None}, "fixed_points"),
    (FIXED | {"points_per_unit": "2"}, "points_per_unit"),
    ({"kind": "visit"}, "kind"),
    ({"kind": "referral"}, "gives"),
    (FIXED | {"kind": "referral", "limits": {"friend_points": -1}}, "limits.friend_points"),
    (FIXED | {"kind": "referral", "conditions": {"channels": ["web"]}}, "conditions"),
    (FIXED | {"kind": "signup", "limits": {"friend_points": 5}}, "limits"),
    ({"kind": "signup"}, "gives"),
    ({"gives": "often"}, "gives"),
    ({"rounding": "up"}, "rounding"),
    ({"starts_on": "2026-12-01", "ends_on": "2026-11-30"}, "ends_on"),
    ({"starts_on": "soon"}, "starts_on"),
    ({"priority": 0}, "priority"),
    ({"priority": 1001}, "priority"),
    ({"is_exclusive": "yes"}, "is_exclusive"),
    (FIXED | {"kind": "signup", "is_exclusive": True}, "is_exclusive"),
    ({"conditions": {"colour": ["red"]}}, "conditions.colour"),
    ({"conditions": {"tags": []}}, "conditions.tags"),
    ({"conditions": {"tags": [""]}}, "conditions.tags"),
    ({"conditions": {"channels": "web"}}, "conditions.channels"),
    ({"conditions": {"minimum_minor": 0}}, "conditions.minimum_minor"),
    ({"conditions": {"minimum_minor": "50"}}, "conditions.minimum_minor"),
    ({"conditions": {"first_order": 1}}, "conditions.first_order"),
    ({"conditions": {"products": [True]}}, "conditions.products"),
    ({"conditions": {"collections": [4711]}}, "conditions.collections"),
    ({"conditions": {"locations": [4711]}}, "conditions.locations"),
    (FIXED | {"kind": "birthday", "conditions": {"first_order": True}}, "conditions"),
    (FIXED | {"kind": "check_in", "limits": {"check_in": "daily"}}, "limits.check_in"),
    (FIXED | {"kind": "signup", "limits": {"check_in": "week"}}, "limits"),
    ({"colour": "red"}, "colour"),
]


def given(changes: dict[str, Any]) -> dict[str, Any]:
    return changes if "gives" in changes and changes["gives"] == "fixed" else GOOD | changes


@pytest.mark.parametrize(("changes", "field"), REFUSALS)
def test_a_rule_that_cannot_work_is_refused_with_its_field(
    session: Session, aurora: Shop, changes: dict[str, Any], field: str
) -> None:
    before = session.scalars(select(EarningRule.id)).all()

    with pytest.raises(BadRule) as refusal:
        add_rule(session, aurora.shop_id, given(changes), actor=OPERATOR, now=NOON)

    assert (refusal.value.field, bool(str(refusal.value))) == (field, True)
    assert session.scalars(select(EarningRule.id)).all() == before


@pytest.mark.parametrize("multiplier", ["1", "0", "-2", "NaN", "101", "x", None, 1.5])
def test_a_promotion_that_multiplies_by_nothing_useful_is_refused(
    session: Session, aurora: Shop, multiplier: Any
) -> None:
    with pytest.raises(BadRule) as refusal:
        add_promotion(
            session,
            aurora.shop_id,
            {"name": "Sale", "multiplier": multiplier},
            actor=OPERATOR,
            now=NOON,
        )

    assert refusal.value.field == "multiplier"


def test_a_rule_is_kept_in_every_version_and_each_change_is_audited(
    session: Session, aurora: Shop
) -> None:
    rule = add_rule(session, aurora.shop_id, GOOD, actor=OPERATOR, now=NOON)
    change_rule(
        session, aurora.shop_id, rule.id, {"points_per_unit": "3"}, actor=OPERATOR, now=NOON
    )

    versions = session.execute(
        select(EarningRuleVersion.version, EarningRuleVersion.facts)
        .where(EarningRuleVersion.rule_id == rule.id)
        .order_by(EarningRuleVersion.version)
    ).all()
    actions = session.scalars(
        select(AuditRow.action).where(AuditRow.subject_id == str(rule.id)).order_by(AuditRow.id)
    ).all()
    assert [(version, facts["points_per_unit"]) for version, facts in versions] == [
        (1, "2"),
        (2, "3"),
    ]
    assert (rule.version, actions) == (2, ["earning_rule_added", "earning_rule_changed"])


def test_a_change_that_changes_nothing_is_no_version(session: Session, aurora: Shop) -> None:
    rule = add_rule(session, aurora.shop_id, GOOD, actor=OPERATOR, now=NOON)

    change_rule(session, aurora.shop_id, rule.id, GOOD, actor=OPERATOR, now=NOON)

    assert rule.version == 1


def test_a_refused_change_leaves_the_rule(session: Session, aurora: Shop) -> None:
    rule = add_rule(session, aurora.shop_id, GOOD, actor=OPERATOR, now=NOON)

    with pytest.raises(BadRule):
        change_rule(
            session, aurora.shop_id, rule.id, {"points_per_unit": "0"}, actor=OPERATOR, now=NOON
        )
    with pytest.raises(BadRule):
        change_rule(session, aurora.shop_id, rule.id, {"kind": "signup"}, actor=OPERATOR, now=NOON)

    session.expire(rule)
    assert (rule.points_per_unit, rule.version) == (Decimal(2), 1)


def test_a_rule_whose_collection_is_gone_can_still_be_changed_and_a_broken_one_switched_off(
    session: Session, aurora: Shop
) -> None:
    session.add(Collection(shop_id=aurora.shop_id, collection_id=31, title="Candles"))
    session.flush()
    asked = GOOD | {"conditions": {"collections": [31]}}
    rule = add_rule(session, aurora.shop_id, asked, actor=OPERATOR, now=NOON)
    session.execute(update(Collection).values(deleted_at=NOON))

    def change(**given: Any) -> None:
        change_rule(session, aurora.shop_id, rule.id, given, actor=OPERATOR, now=NOON)

    change(points_per_unit="3")
    with pytest.raises(BadRule):
        change(conditions={"collections": [31, 32]})
    rule.conditions = {"colour": "red"}
    session.flush()
    change(is_active=False)

    assert (rule.version, rule.is_active) == (3, False)


def test_a_rule_that_this_shop_does_not_have_is_not_found(session: Session, aurora: Shop) -> None:
    with pytest.raises(RuleNotFound):
        change_rule(session, aurora.shop_id, uuid4(), {}, actor=OPERATOR, now=NOON)
    with pytest.raises(RuleNotFound):
        change_promotion(session, aurora.shop_id, uuid4(), {}, actor=OPERATOR, now=NOON)


def test_what_was_saved_is_what_is_planned_with(session: Session, aurora: Shop) -> None:
    session.add(Collection(shop_id=aurora.shop_id, collection_id=31, title="Candles"))
    session.flush()
    conditions = {
        "collections": [31],
        "tags": [" Summer SALE "],
        "channels": ["POS"],
        "minimum_minor": 5000,
        "first_order": True,
    }
    rule = add_rule(
        session, aurora.shop_id, GOOD | {"conditions": conditions}, actor=OPERATOR, now=NOON
    )
    add_promotion(
        session, aurora.shop_id, {"name": "Week", "multiplier": "1.5"}, actor=OPERATOR, now=NOON
    )

    book = read_rulebook(session, aurora.shop_id)

    [planned] = [one for one in book.rules if one.id == rule.id]
    assert planned.fault is None
    assert planned.conditions == Conditions(
        collections=frozenset({31}),
        tags=frozenset({"summer sale"}),
        channels=frozenset({"pos"}),
        minimum_minor=5000,
        first_order=True,
    )
    assert [one.multiplier for one in book.promotions] == [Decimal("1.5")]
    assert book.asks_for_products
    assert book.asks_for_first_order


def test_a_rule_of_actions_is_none_of_the_orders(session: Session, aurora: Shop) -> None:
    rule = add_rule(session, aurora.shop_id, FIXED | {"kind": "signup"}, actor=OPERATOR, now=NOON)

    assert rule.id not in [one.id for one in read_rulebook(session, aurora.shop_id).rules]


@pytest.mark.parametrize(
    "broken",
    [
        {"points_per_unit": Decimal("NaN")},
        {"points_per_unit": None},
        {"conditions": {"colour": ["red"]}},
        {"conditions": {"tags": "sale"}},
    ],
)
def test_a_row_that_cannot_work_is_read_with_its_fault(
    session: Session, aurora: Shop, broken: dict[str, Any]
) -> None:
    rule = add_rule(session, aurora.shop_id, GOOD, actor=OPERATOR, now=NOON)
    session.execute(update(EarningRule).where(EarningRule.id == rule.id).values(**broken))
    session.expire(rule)

    [read] = [one for one in read_rulebook(session, aurora.shop_id).rules if one.id == rule.id]

    assert read.fault is not None


def test_conditions_are_read_as_they_were_written() -> None:
    conditions = Conditions(
        collections=frozenset({1, 2}), tags=frozenset({"a"}), first_order=True, minimum_minor=1
    )

    assert read_conditions(write_conditions(conditions)) == conditions
    assert write_conditions(Conditions()) == {}
    assert set(asdict(Conditions())) == {
        "collections",
        "products",
        "tags",
        "channels",
        "locations",
        "first_order",
        "minimum_minor",
    }
