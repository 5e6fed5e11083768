"""Settings → Account Merge Tool: likely duplicates to compare, and merges that can be undone."""

from uuid import UUID

from flask import g, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.merging.duplicates import list_duplicates
from loyalty.merging.tables import MemberMerge
from loyalty.queries.profile import get_profile
from shopify_app.admin.pages import blueprint, enter
from shopify_app.admin.profile.merging import ShownMerge
from shopify_app.platform.admin_auth import admin_page

_BATCH = 25
_MERGES_MAX = 50


@blueprint.get("/app/settings/merges")
@admin_page
def merge_tool() -> str:
    """Who may be one person, and who was made one within 30 days; with `after` the next pairs."""
    after = request.args.get("after")
    with shop_transaction(g.shop_id) as session:
        enter(session)
        duplicates = list_duplicates(session, g.shop_id, limit=_BATCH, after=after)
        if after:
            return render_template("admin/settings/_duplicates.html", duplicates=duplicates)
        merges = _open_merges(session)
        names = {shown.merge.id: _name(session, shown.merge.survivor_id) for shown in merges}
    return render_template(
        "admin/settings/merge_tool.html", duplicates=duplicates, merges=merges, survivors=names
    )


def _open_merges(session: Session) -> list[ShownMerge]:
    """The newest merges that can still be undone."""
    rows = session.scalars(
        select(MemberMerge)
        .where(
            MemberMerge.shop_id == g.shop_id,
            MemberMerge.state == "done",
            MemberMerge.undo_until > utc_now(),
        )
        .order_by(MemberMerge.id.desc())
        .limit(_MERGES_MAX)
    )
    return [ShownMerge(one, _name(session, one.merged_id)) for one in rows]


def _name(session: Session, member_id: UUID) -> str:
    return get_profile(session, g.shop_id, member_id).name
