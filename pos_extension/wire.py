"""Members on the wire: public ids that name their shop, and what a till is shown of a member."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty.queries.till import LastOrder, read_till_member
from loyalty.shops.tables import Shop
from loyalty.tiers.views import list_tiers_of
from pos_extension import refusals
from pos_extension.auth import Till
from wallet.tokens import get_token

_PUBLIC_ID = re.compile(r"([1-9]\d{0,17})-([0-9a-f]{32})", re.ASCII)


def public_id(shop_id: int, member_id: UUID) -> str:
    """The member's id as others see it."""
    return f"{shop_id}-{member_id.hex}"


def read_public_id(till: Till, text: str) -> UUID:
    """The member that a public id names; Refusal 404 for one of another shop."""
    found = _PUBLIC_ID.fullmatch(text)
    if found is None or int(found[1]) != till.shop_id:
        raise refusals.unknown_member()
    return UUID(found[2])


def member_json(session: Session, shop: Shop, member_id: UUID, *, now: datetime) -> dict[str, Any]:
    """The member for the till; raises MemberNotFound or MemberNotActive."""
    member = read_till_member(session, shop, member_id)
    tier = list_tiers_of(session, shop.shop_id, [member_id]).get(member_id)
    return {
        "id": public_id(shop.shop_id, member_id),
        "name": member.name,
        "contact": member.contact,
        "points": member.points,
        "tier": None if tier is None else tier.name,
        "customer_id": member.customer_id,
        "joined_on": member.joined_on.isoformat(),
        "short_code": get_token(session, shop.shop_id, member_id, now=now).short_code,
        "last_order": _order_json(member.last_order),
    }


def _order_json(order: LastOrder | None) -> dict[str, Any] | None:
    if order is None:
        return None
    return {"name": order.name, "on": order.on.isoformat(), "points": order.points}
