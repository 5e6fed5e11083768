"""Insight's part in what is held of a person: scores of whom nobody knows any more are deleted."""

from collections.abc import Sequence

from sqlalchemy import delete
from sqlalchemy.orm import Session

from loyalty.insights.tables import MemberInsight
from loyalty.privacy.parts import Drop, Merging, Part, Unites, by_member


def _forget(session: Session, merging: Merging) -> None:
    """Both are other people from now on: the next run scores them by their united orders."""
    both = (merging.survivor_id, merging.merged_id)
    session.execute(
        delete(MemberInsight).where(
            MemberInsight.shop_id == merging.shop_id, MemberInsight.member_id.in_(both)
        ),
        execution_options={"synchronize_session": False},
    )


PARTS: Sequence[Part] = (
    Part(
        MemberInsight,
        by_member(MemberInsight),
        "What orders say of them",
        Drop(),
        Unites("scores of neither hold any more; the next run scores anew", _forget, _forget),
    ),
)
