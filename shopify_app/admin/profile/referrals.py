"""The Referrals tab of a profile: the member's own link, and the friends whom it brought.

The invariant: there is no such tab, and nothing is read for it, while the shop has no referrals.
"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from loyalty.referrals.settings import read_settings
from loyalty.referrals.views import read_referrals
from loyalty.shops.directory import get_shop
from wallet.card_links import referral_url

TAB = "referrals"


def read_tab(session: Session, member_id: UUID, tab: str) -> dict[str, Any]:
    """`has_referrals`; and what the tab shows if it is the one that is open."""
    if not read_settings(session, g.shop_id).is_on:
        return {"has_referrals": False}
    if tab != TAB:
        return {"has_referrals": True}
    member = session.get(Member, (g.shop_id, member_id))
    is_active = member is not None and member.state == "active"
    return {
        "has_referrals": True,
        "referrals": read_referrals(session, get_shop(session, g.shop_id), member_id),
        "referral_link": referral_url(g.shop_id, member_id) if is_active else None,
    }
