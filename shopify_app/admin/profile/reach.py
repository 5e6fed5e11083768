"""What the profile shows of pushes: how many, how far each came, and what the member paused."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import g, render_template, request
from sqlalchemy.orm import Session

from loyalty.base.db import shop_transaction
from loyalty.preferences import NAMES, get_preferences
from loyalty.queries.profile import get_profile
from shopify_app.admin.languages import N_, Words
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.platform.admin_auth import admin_page
from wallet.clicks import count_clicks
from wallet.push_ways import list_push_ways
from wallet.queries import count_installed, count_pushes_sent

_PUSHES_BATCH = 5
_LABELS = Words(
    {
        "balance": N_("Balance"),
        "location": N_("Location"),
        "marketing": N_("Marketing"),
        "tier": N_("Tier"),
        "reward": N_("Reward available"),
    }
)


@dataclass(frozen=True, slots=True)
class Switch:
    """One of the five preferences, as the member set it."""

    name: str
    label: str
    is_active: bool


def read_counts(session: Session, member_id: UUID) -> dict[str, Any]:
    """Pushes sent, and clicks by platform, for the cards at the top."""
    return {
        "pushes_sent": count_pushes_sent(session, g.shop_id, member_id),
        "clicks": count_clicks(session, g.shop_id, member_id),
    }


def read_reach(session: Session, member_id: UUID) -> dict[str, Any]:
    """The passes on phones, the five preferences, and the newest pushes with their hops."""
    preferences = get_preferences(session, g.shop_id, member_id)
    return {
        "passes": count_installed(session, g.shop_id, member_id),
        "switches": [Switch(name, _LABELS[name], preferences.is_active(name)) for name in NAMES],
        "push_ways": list_push_ways(session, g.shop_id, member_id, limit=_PUSHES_BATCH),
    }


@blueprint.get("/app/members/<member_id>/pushes")
@admin_page
def more_pushes(member_id: str) -> str:
    """The next batch of pushes."""
    member, after = parse_id(member_id), request.args.get("after")
    with shop_transaction(g.shop_id) as session:
        enter(session)
        get_profile(session, g.shop_id, member)
        ways = list_push_ways(session, g.shop_id, member, limit=_PUSHES_BATCH, after=after)
    return render_template("admin/profile/_push_rows.html", member_id=member, push_ways=ways)
