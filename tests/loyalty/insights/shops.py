"""Members and orders of a shop, as rows past the rules: what insight reads."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import SYSTEM
from loyalty.base.bulk import insert_rows
from loyalty.base.ids import new_id
from loyalty.insights import running
from loyalty.insights.model import ShopModel
from loyalty.insights.tables import MemberInsight
from loyalty.members.tables import Member
from loyalty.orders.tables import Order
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.insights import simulation

TODAY = simulation.TODAY
_order_ids = count(1)


def add_members(session: Session, shop: Shop, number: int) -> list[UUID]:
    """Bare ones, who joined two years ago."""
    ids = [new_id() for _ in range(number)]
    rows = [
        {
            "shop_id": shop.shop_id,
            "id": member_id,
            "state": "active",
            "email_norm": "",
            "sources": {},
            "enrolled_by": "order",
            "joined_at": NOON - timedelta(days=730),
        }
        for member_id in ids
    ]
    insert_rows(session, Member, rows)
    return ids


def add_order(session: Session, shop: Shop, member_id: UUID, on: date, **changes: Any) -> None:
    """An order at the shop's noon of a day, 10.00 in its currency."""
    at = datetime.combine(on, time(12), ZoneInfo(shop.timezone)).astimezone(UTC)
    insert_rows(session, Order, [_order(shop, member_id, at) | changes])


def fill(session: Session, shop: Shop, *, members: int = 900, days: int = 700) -> list[UUID]:
    """A shop whose members do as the models assume; one more has not ordered."""
    who, when = simulation.orders(members, history_days=days)
    spent = simulation.amounts(who)
    ids = add_members(session, shop, members + 1)
    began = datetime.combine(TODAY, time(12), UTC) - timedelta(days=days - 1)
    rows = [
        _order(shop, ids[member], began + timedelta(days=int(day)), int(amount))
        for member, day, amount in zip(who, np.floor(when), spent, strict=True)
    ]
    insert_rows(session, Order, rows)
    return ids


def run(session: Session, shop: Shop, *, now: datetime = NOON) -> ShopModel:
    """One whole run."""
    assert running.hold(session, shop.shop_id)
    run_id = running.begin(session, shop.shop_id, actor=SYSTEM, now=now)
    return running.run(session, shop, run_id, now=now, tell=lambda *_: None)


def scores_of(session: Session, shop: Shop) -> dict[UUID, MemberInsight]:
    """All scores of the shop, as the database has them."""
    rows: Sequence[MemberInsight] = session.scalars(
        select(MemberInsight)
        .where(MemberInsight.shop_id == shop.shop_id)
        .execution_options(populate_existing=True)
    ).all()
    return {row.member_id: row for row in rows}


def _order(shop: Shop, member_id: UUID, at: datetime, amount: int = 1000) -> dict[str, Any]:
    number = next(_order_ids)
    return {
        "shop_id": shop.shop_id,
        "order_id": number,
        "name": f"#{number}",
        "member_id": member_id,
        "currency": shop.currency,
        "taxes_included": False,
        "is_test": False,
        "is_paid": True,
        "is_history": True,
        "total_minor": amount,
        "current_total_minor": amount,
        "created_at": at,
        "processed_at": at,
        "cancelled_at": None,
        "shopify_updated_at": at,
    }
