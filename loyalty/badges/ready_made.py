"""The badges that every shop begins with. The merchant may rename them or turn them off."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.badges.tables import Badge
from loyalty.base.ids import new_id


@dataclass(frozen=True, slots=True)
class ReadyMade:
    """A badge as a new shop has it."""

    code: str
    name: str
    description: str
    criteria: dict[str, Any]


def _test(fact: str, operator: str, value: int | bool) -> dict[str, Any]:
    return {"fact": fact, "is": operator, "value": value}


READY_MADE = (
    ReadyMade("first_order", "First order", "Placed a first order",
              _test("order_count", "at_least", 1)),
    ReadyMade("tenth_order", "10th order", "Placed ten orders",
              _test("order_count", "at_least", 10)),
    ReadyMade("birthday_month", "Birthday month shopper", "Ordered in the month of the birthday",
              _test("has_birthday_month_order", "equals", True)),
    ReadyMade("referrer", "Referrer", "Brought a friend",
              _test("referral_count", "at_least", 1)),
    ReadyMade("top_tier", "Top tier", "Reached the highest tier",
              _test("is_in_top_tier", "equals", True)),
    ReadyMade("one_year", "1 year", "A member for a year",
              _test("member_years", "at_least", 1)),
    ReadyMade("three_years", "3 years", "A member for three years",
              _test("member_years", "at_least", 3)),
    ReadyMade("five_years", "5 years", "A member for five years",
              _test("member_years", "at_least", 5)),
    ReadyMade("pass_holder", "Pass holder", "Put the card into a wallet",
              _test("has_had_pass", "equals", True)),
)  # fmt: skip


def add_ready_made(session: Session, shop_id: int, *, now: datetime) -> None:
    """Give the shop those ready-made badges that it does not have yet. The caller commits."""
    rows = [
        {
            "shop_id": shop_id,
            "id": new_id(),
            "code": each.code,
            "name": each.name,
            "description": each.description,
            "criteria": each.criteria,
            "is_active": True,
            "created_at": now,
        }
        for each in READY_MADE
    ]
    session.execute(insert(Badge).values(rows).on_conflict_do_nothing())
