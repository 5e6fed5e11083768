"""Forgets who entered and left segments a year ago; where members belong stays."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from loyalty.segments.tables import Segment, SegmentMove

MOVES_KEPT = timedelta(days=365)


def forget_old_moves(session: Session, shop_id: int, *, now: datetime) -> int:
    """Delete the old moves; how many. The caller commits."""
    # By segment: the index is led by it.
    segments = select(Segment.id).where(Segment.shop_id == shop_id)
    result = session.execute(
        delete(SegmentMove).where(
            SegmentMove.shop_id == shop_id,
            SegmentMove.segment_id.in_(segments),
            SegmentMove.at < now - MOVES_KEPT,
        ),
        execution_options={"synchronize_session": False},
    )
    return int(result.rowcount)  # type: ignore[attr-defined]
