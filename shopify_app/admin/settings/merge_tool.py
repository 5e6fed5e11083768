"""Settings → Account Merge Tool: likely duplicates to compare, and merges that can be undone."""

from dataclasses import dataclass
from uuid import UUID

from flask import g, render_template
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from loyalty.merging.tables import MemberMerge
from loyalty.queries.profile import get_profile
from shopify_app.admin.pages import blueprint, enter
from shopify_app.admin.profile.merging import ShownMerge
from shopify_app.platform.admin_auth import admin_page

_SHOWN_MAX = 50
_STATES = ("active", "archived")


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Members with the same email, the longest enrolled first: the others may go into them."""

    email: str
    members: list[Member]

    @property
    def oldest(self) -> Member:
        """Who was here first, of those who can stay; the first of all where none is active."""
        active = [member for member in self.members if member.state == "active"]
        return (active or self.members)[0]

    @property
    def others(self) -> list[Member]:
        """Who may go into the oldest."""
        return [member for member in self.members if member.id != self.oldest.id]


@blueprint.get("/app/settings/merges")
@admin_page
def merge_tool() -> str:
    """Who may be one person, and who was made one within 30 days."""
    with shop_transaction(g.shop_id) as session:
        enter(session)
        duplicates, merges = _duplicates(session), _open_merges(session)
        names = {shown.merge.id: _name(session, shown.merge.survivor_id) for shown in merges}
    return render_template(
        "admin/settings/merge_tool.html", duplicates=duplicates, merges=merges, survivors=names
    )


def _duplicates(session: Session) -> list[Duplicates]:
    """By email, verified or not; a merge is always a person's decision."""
    here = (Member.shop_id == g.shop_id) & Member.state.in_(_STATES) & (Member.email_norm != "")
    shared = session.scalars(
        select(Member.email_norm)
        .where(here)
        .group_by(Member.email_norm)
        .having(func.count() > 1)
        .order_by(Member.email_norm)
        .limit(_SHOWN_MAX)
    ).all()
    found: dict[str, list[Member]] = {email: [] for email in shared}
    for member in session.scalars(
        select(Member)
        .where(here, among(Member.email_norm, shared))
        .order_by(Member.joined_at, Member.id)
    ):
        found[member.email_norm].append(member)
    return [Duplicates(email, members) for email, members in found.items()]


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
        .limit(_SHOWN_MAX)
    )
    return [ShownMerge(one, _name(session, one.merged_id)) for one in rows]


def _name(session: Session, member_id: UUID) -> str:
    return get_profile(session, g.shop_id, member_id).name
