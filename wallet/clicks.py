"""Counts who opens a link on a pass, in an email or on the card page, by platform.

A click is a person's: previews of messengers, crawlers and a page that loads twice are none.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.base.errors import MemberNotFound
from loyalty.base.ids import new_id
from loyalty.members.tables import Member
from wallet.links import ClickLink
from wallet.tables import PassClick

SAME_CLICK = timedelta(seconds=30)
"""Two openings of one link within this are one click."""


def note_click(session: Session, link: ClickLink, *, now: datetime) -> bool:
    """Count one opening of `link`; False if it is the same click again. The caller commits.

    Raises MemberNotFound for a member who is gone or erased.
    """
    # Two requests of one click take turns, so that the second one sees the first.
    state = session.scalar(
        select(Member.state)
        .where(Member.shop_id == link.shop_id, Member.id == link.member_id)
        .with_for_update(key_share=True)
    )
    if state is None or state == "erased":
        raise MemberNotFound(str(link.member_id))
    if _is_known(session, link, now):
        return False
    session.add(
        PassClick(
            shop_id=link.shop_id,
            id=new_id(),
            member_id=link.member_id,
            platform=link.platform,
            target=link.target,
            clicked_at=now,
        )
    )
    details = {"platform": link.platform, "target": link.target}
    timeline.note_event(
        session, link.shop_id, link.member_id, timeline.PASS_LINK_CLICKED, now, **details
    )
    return True


def count_clicks(session: Session, shop_id: int, member_id: UUID) -> dict[str, int]:
    """The member's clicks on passes: `{"apple": 2, "google": 0}`."""
    rows = session.execute(
        select(PassClick.platform, func.count().label("clicks"))
        .where(
            PassClick.shop_id == shop_id,
            PassClick.member_id == member_id,
            PassClick.platform.in_(("apple", "google")),
        )
        .group_by(PassClick.platform)
    )
    return {"apple": 0, "google": 0} | {row.platform: row.clicks for row in rows}


def _is_known(session: Session, link: ClickLink, now: datetime) -> bool:
    return bool(
        session.scalar(
            select(
                exists().where(
                    PassClick.shop_id == link.shop_id,
                    PassClick.member_id == link.member_id,
                    PassClick.clicked_at > now - SAME_CLICK,
                    PassClick.platform == link.platform,
                    PassClick.target == link.target,
                )
            )
        )
    )
