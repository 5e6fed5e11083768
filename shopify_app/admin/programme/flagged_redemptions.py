"""Settings, Programme: redemptions of the last month that somebody should look at, and why."""

from datetime import timedelta
from typing import Any

from flask import g, render_template
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.identity import survivor_of
from loyalty.queries.audit_trail import names_of
from loyalty.redemption.views import list_flagged
from shopify_app.admin.languages import N_, _
from shopify_app.admin.pages import blueprint, enter
from shopify_app.platform.admin_auth import admin_page

DAYS, _SHOWN_MAX = 30, 200
FLAGS = {
    "velocity_member": N_("The member redeemed more often than usual within 24 hours"),
    "velocity_user": N_("One member of staff redeemed more often than usual within 24 hours"),
    "used_after_return": N_("An order used the code after its points had come back"),
    "used_twice": N_("More than one order used the code"),
    "credited_after_return": N_("Store credit was paid after its points had come back"),
    "credit_in_doubt": N_("Shopify did not say whether the store credit was paid"),
}
CHANNELS = {
    "till": N_("At the till"),
    "online": N_("Online"),
    "admin": N_("In Shopify admin"),
    "operator": N_("By an operator"),
}


@blueprint.get("/app/settings/programme/redemptions")
@admin_page
def flagged_redemptions() -> str:
    """The newest first, each with the way to its member."""
    with shop_transaction(g.shop_id) as session:
        enter(session)
        return render_template(
            "admin/programme/flagged_redemptions.html",
            rows=_rows(session),
            days=DAYS,
            shown_max=_SHOWN_MAX,
        )


def _rows(session: Session) -> list[dict[str, Any]]:
    since = utc_now() - timedelta(days=DAYS)
    found = list_flagged(session, g.shop_id, since=since, limit=_SHOWN_MAX)
    members = {one.member_id for one in found}
    owners = {member: survivor_of(session, g.shop_id, member) for member in members}
    names = names_of(session, g.shop_id, set(owners.values()))
    return [
        {
            "at": one.reserved_at,
            "member_id": owners[one.member_id],
            "member": names.get(owners[one.member_id]) or _("Somebody without a name"),
            "reward": one.terms["name"],
            "points": one.points,
            "channel": _(CHANNELS[one.channel]),
            "flags": [_(FLAGS[flag]) for flag in one.flags if flag in FLAGS],
        }
        for one in found
    ]
