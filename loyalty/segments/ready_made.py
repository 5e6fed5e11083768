"""The segments that every shop begins with. The merchant may change or remove them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.base.ids import new_id
from loyalty.base.money import minor_digits
from loyalty.segments.tables import Segment
from loyalty.shops.tables import Shop


@dataclass(frozen=True, slots=True)
class ReadyMade:
    """A segment as a new shop has it."""

    code: str
    name: str
    description: str
    criteria: dict[str, Any]


def _test(fact: str, operator: str, value: int | bool) -> dict[str, Any]:
    return {"fact": fact, "is": operator, "value": value}


_NEVER_ORDERED = {
    "all": [_test("last_order_on", "known", False), _test("joined_on", "longer_ago_than_days", 60)]
}
_PLAIN = (
    ReadyMade(
        "no_order_60_days",
        "No order for 60 days",
        "Last ordered more than 60 days ago, or joined then and never ordered",
        {"any": [_test("last_order_on", "longer_ago_than_days", 60), _NEVER_ORDERED]},
    ),
    ReadyMade(
        "vip",
        "VIP",
        "In the top tier, or with ten orders and more",
        {"any": [_test("is_in_top_tier", "equals", True), _test("order_count", "at_least", 10)]},
    ),
    ReadyMade(
        "expiring_soon",
        "Points expiring soon",
        "With points that expire within 30 days",
        _test("expiring_30_days", "more_than", 0),
    ),
    ReadyMade(
        "has_card",
        "Has a card",
        "With the card on a phone now",
        _test("has_card_now", "equals", True),
    ),
    ReadyMade(
        "never_redeemed",
        "Never redeemed",
        "With points to spend, and no reward so far",
        {
            "all": [
                _test("redemption_count", "equals", 0),
                _test("available_points", "more_than", 0),
            ]
        },
    ),
)
_BIG: Mapping[int, int] = {0: 50_000}
"""What big spenders have spent at least, in whole units, by the currency's minor digits."""
_BIG_ELSE = 500


def ready_made_for(currency: str) -> tuple[ReadyMade, ...]:
    """The six of them; what is much money depends on the currency."""
    digits = minor_digits(currency)
    much = _BIG.get(digits, _BIG_ELSE)
    spenders = ReadyMade(
        "big_spenders",
        "Big spenders",
        f"Spent {much:,} {currency} or more",
        _test("total_spend", "at_least", much * 10**digits),
    )
    return (*_PLAIN, spenders)


def add_ready_made(
    session: Session, shop: Shop, *, now: datetime, refreshed_at: datetime | None = None
) -> int:
    """Give the shop those ready-made segments that it never had; how many. The caller commits.

    `refreshed_at`: when they were filled, of a shop in which nobody can be; None: they wait.
    """
    rows = [
        {
            "shop_id": shop.shop_id,
            "id": new_id(),
            "code": each.code,
            "is_ready_made": True,
            "name": each.name,
            "description": each.description,
            "criteria": each.criteria,
            "created_at": now,
            "refreshed_at": refreshed_at,
        }
        for each in ready_made_for(shop.currency)
    ]
    statement = insert(Segment).values(rows).on_conflict_do_nothing().returning(Segment.id)
    return len(session.scalars(statement).all())
