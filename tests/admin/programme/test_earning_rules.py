"""R168: earning rules are listed, written, switched, and tried on last month's orders first."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.catalogue.tables import Collection
from loyalty.members.tables import Customer
from loyalty.orders.recording import record_order
from loyalty.programme.tables import EarningRule
from loyalty.shops.directory import get_shop
from tests.admin.cast import ShopAndClient
from tests.admin.forms import Fields, fields_of
from tests.admin.programme.programme_cast import PROGRAMME, all_of, audited, place, send
from tests.factories.facts import an_order

RULES = f"{PROGRAMME}/rules"


def blank(shop: ShopAndClient, kind: str = "order", **typed: str) -> Fields:
    """The fields of a new rule's form after a person wrote into some."""
    return wrote(fields_of(shop.get(f"{RULES}/new?kind={kind}").text, "rule-form"), **typed)


def wrote(fields: Fields, **typed: str) -> Fields:
    return [(name, value) for name, value in fields if name not in typed] + list(typed.items())


def one(shop: ShopAndClient, name: str) -> EarningRule:
    [found] = [rule for rule in all_of(shop, EarningRule) if rule.name == name]
    return found


def add(shop: ShopAndClient, **typed: str) -> EarningRule:
    answer = send(shop, RULES, blank(shop, **{"name": "Candles", "points_per_unit": "2"} | typed))
    assert place(answer) == RULES
    return one(shop, typed.get("name", "Candles"))


def test_a_rule_is_written_with_its_conditions_and_shown_as_it_was_written(
    aurora: ShopAndClient,
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        session.add(Collection(shop_id=aurora.shop_id, collection_id=71, title="Candles & <wax>"))

    rule = add(
        aurora,
        points_per_unit="2.5",
        tags="Candle, Wax",
        collections="71",
        minimum_minor="12.50",
        first_order="1",
        starts_on="2026-12-01",
        is_exclusive="1",
        priority="7",
    )

    assert rule.points_per_unit == Decimal("2.5") and rule.priority == 7 and rule.is_exclusive
    assert rule.conditions == {
        "tags": ["candle", "wax"],
        "collections": [71],
        "minimum_minor": 1250,
        "first_order": True,
    }
    page = aurora.get(f"{RULES}/{rule.id}").text
    shown = fields_of(page, "rule-form")
    assert ("minimum_minor", "12.50") in shown and ("collections", "71") in shown
    assert ("points_per_unit", "2.5") in shown and ("tags", "candle, wax") in shown
    assert "Candles &amp; &lt;wax&gt;" in page
    assert "priority 7" in aurora.get(RULES).text
    assert audited(aurora, "earning_rule_added")


def test_what_is_shown_and_saved_untouched_changes_nothing(aurora: ShopAndClient) -> None:
    rule = add(aurora, channels="web", products="", minimum_minor="5")

    answer = send(
        aurora,
        f"{RULES}/{rule.id}",
        fields_of(aurora.get(f"{RULES}/{rule.id}").text, "rule-form"),
    )

    assert place(answer) == RULES
    assert one(aurora, "Candles").version == 1
    assert audited(aurora, "earning_rule_changed") == []


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", ""),
        ("points_per_unit", "0"),
        ("points_per_unit", "many"),
        ("priority", "0"),
        ("ends_on", "never"),
        ("minimum_minor", "5.999"),
        ("minimum_minor", "lots"),
        ("products", "candle"),
        ("products", "99999"),
        ("gives", "gold"),
        ("rounding", "sideways"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_with_what_was_typed(
    aurora: ShopAndClient, field: str, text: str
) -> None:
    typed = {"name": "Candles", "points_per_unit": "2", "tags": "wax"} | {field: text}

    answer = send(aurora, RULES, blank(aurora, **typed))

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert ("tags", "wax") in fields_of(answer.text, "rule-form")
    if field not in ("gives", "rounding"):
        assert (field, text) in fields_of(answer.text, "rule-form")
    assert len(all_of(aurora, EarningRule)) == 1
    assert audited(aurora, "earning_rule_added") == []


def test_each_kind_of_rule_has_a_form_that_saves(aurora: ShopAndClient) -> None:
    page = aurora.get(f"{RULES}/new").text
    for kind in ("signup", "birthday", "check_in", "referral", "social_follow"):
        assert f"kind={kind}" in page
        answer = send(aurora, RULES, blank(aurora, kind, name=f"A {kind}", fixed_points="50"))
        assert place(answer) == RULES
        assert one(aurora, f"A {kind}").kind == kind
    assert one(aurora, "A check_in").limits == {"check_in": "week"}
    assert aurora.get(f"{RULES}/new?kind=theft").status_code == 404


def test_a_friends_points_and_least_order_are_kept(aurora: ShopAndClient) -> None:
    typed = {"fixed_points": "50", "friend_points": "0", "minimum_minor": "20"}

    place(send(aurora, RULES, blank(aurora, "referral", name="Friends", **typed)))

    rule = one(aurora, "Friends")
    assert rule.limits == {"friend_points": 0} and rule.conditions == {"minimum_minor": 2000}
    shown = fields_of(aurora.get(f"{RULES}/{rule.id}").text, "rule-form")
    assert ("friend_points", "0") in shown and ("minimum_minor", "20.00") in shown


def test_a_rule_is_switched_off_and_on(aurora: ShopAndClient) -> None:
    rule = add(aurora)

    place(aurora.post(f"{RULES}/{rule.id}/switch", is_active="0"))
    assert not one(aurora, "Candles").is_active
    assert "Switch on" in aurora.get(RULES).text

    place(aurora.post(f"{RULES}/{rule.id}/switch", is_active="1"))
    assert one(aurora, "Candles").is_active
    assert len(audited(aurora, "earning_rule_changed")) == 2


def test_a_rule_that_cannot_work_is_not_switched_on(aurora: ShopAndClient) -> None:
    rule = add(aurora)
    with shop_transaction(aurora.shop_id) as session:
        row = session.get_one(EarningRule, (aurora.shop_id, rule.id))
        row.is_active, row.conditions = False, {"moon": "full"}

    answer = aurora.post(f"{RULES}/{rule.id}/switch", is_active="1")

    assert place(answer) == f"{RULES}/{rule.id}"
    assert "Not switched on" in answer.headers["HX-Trigger"]
    assert not one(aurora, "Candles").is_active


def test_why_a_rule_earns_nothing_is_said_by_the_name_of_its_field(aurora: ShopAndClient) -> None:
    rule = add(aurora)
    with shop_transaction(aurora.shop_id) as session:
        row = session.get_one(EarningRule, (aurora.shop_id, rule.id))
        row.conditions, row.fault = {"tags": []}, "conditions.tags as the log has it"

    pages = [aurora.get(path).text for path in (RULES, f"{RULES}/{rule.id}")]
    spanish = aurora.get(f"{RULES}?locale=es").text

    for page in pages:
        assert "Products with any of these tags: This is empty" in page
        assert "conditions.tags" not in page
    assert "This is empty" not in spanish and "conditions.tags" not in spanish


def test_the_try_says_what_last_month_would_have_earned_and_writes_nothing(
    aurora: ShopAndClient, alice: UUID
) -> None:
    buy_last_month(aurora)
    rule = add(aurora)
    fields = fields_of(aurora.get(f"{RULES}/{rule.id}").text, "rule-form")

    answer = send(aurora, f"{RULES}/trial", wrote(fields, points_per_unit="3"))

    assert answer.status_code == 200
    assert "<strong>30 points</strong> for 1 of 1 orders, of 1 member." in answer.text
    assert one(aurora, "Candles").points_per_unit == 2


def test_the_try_refuses_what_saving_would(aurora: ShopAndClient) -> None:
    answer = send(aurora, f"{RULES}/trial", blank(aurora, name="Candles", points_per_unit="-1"))

    assert answer.status_code == 422
    assert "Points for the amount: This is not above 0" in answer.text


def test_another_shops_rule_is_not_found(aurora: ShopAndClient, borealis: ShopAndClient) -> None:
    rule = add(borealis)
    fields = fields_of(borealis.get(f"{RULES}/{rule.id}").text, "rule-form")

    for wanted in (rule.id, uuid4(), "none"):
        assert aurora.get(f"{RULES}/{wanted}").status_code == 404
        assert send(aurora, f"{RULES}/{wanted}", fields).status_code == 404
        assert aurora.post(f"{RULES}/{wanted}/switch", is_active="0").status_code == 404
    assert send(aurora, f"{RULES}/trial", fields).status_code == 404
    assert one(borealis, "Candles").is_active
    assert "Candles" not in aurora.get(RULES).text


def buy_last_month(shop: ShopAndClient) -> None:
    """Alice bought for 10 euros on a day of last month."""
    now = utc_now()
    at = now.replace(day=1, hour=12) - timedelta(days=3)
    with shop_transaction(shop.shop_id) as session:
        customer_id = session.scalars(select(Customer.customer_id)).one()
        facts = an_order(5123, customer_id=customer_id, created_at=at, processed_at=at)
        record_order(session, get_shop(session, shop.shop_id), facts, now=now, is_backfill=False)
