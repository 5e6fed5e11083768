"""What pages read of insight: the last run that was done, one under way, a member's scores.

The invariant: what is not known is None beside its reasons, never a nought.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.insights.accuracy import Accuracy
from loyalty.insights.explaining import Explanation, explain
from loyalty.insights.model import MODEL_VERSION, ShopModel
from loyalty.insights.tables import InsightRun, MemberInsight
from loyalty.insights.words import Words

_NOBODY_KNOWN = "not_yet"


@dataclass(frozen=True, slots=True)
class Insight:
    """A member's scores as of the end of `as_of`, in words that the list and the profile share.

    `ltv_minor`: the next 12 months, by `expected_orders_milli` thousandths of orders; None while
    the shop's model says `reasons`. `health` with its parts (of 60, 25, 15); None before an order.
    `accuracy`: how right this model was on what it had not seen; None if it was not tried.
    """

    as_of: date
    band: str
    horizon_days: int
    is_calibrated: bool
    p_return_ppm: int | None
    ltv_minor: int | None
    expected_orders_milli: int | None
    orders: int
    health: int | None
    health_rfm: int | None
    health_return: int | None
    health_engagement: int | None
    why: Explanation
    reasons: Sequence[Words]
    accuracy: Accuracy | None


def find_latest(session: Session, shop_id: int) -> InsightRun | None:
    """The newest run that was done; None before the first."""
    return _newest(session, shop_id, "done")


def find_open(session: Session, shop_id: int) -> InsightRun | None:
    """The run that is asked for or under way."""
    return _newest(session, shop_id, "asked", "running")


def find_last(session: Session, shop_id: int) -> InsightRun | None:
    """The newest run, however it stands."""
    return _newest(session, shop_id)


def model_of(run: InsightRun | None) -> ShopModel | None:
    """The model that a run left; None for a run without, or of another version of the models."""
    if run is None or run.model is None:
        return None
    is_ours = run.model.get("version") == MODEL_VERSION
    return ShopModel.from_stored(run.model) if is_ours else None


def find_insight(session: Session, shop_id: int, member_id: UUID) -> Insight | None:
    """The member's scores; None for whoever joined, or was merged, since the last run."""
    row = session.get(MemberInsight, (shop_id, member_id), populate_existing=True)
    run = find_latest(session, shop_id)
    model = model_of(run)
    if row is None or run is None or run.as_of is None or model is None:
        return None
    return _insight(row, run.as_of, model)


def bands_of(session: Session, shop_id: int, member_ids: Collection[UUID]) -> dict[UUID, str]:
    """The churn band of each of these members, not_yet for whoever has no scores."""
    rows = session.execute(
        select(MemberInsight.member_id, MemberInsight.band).where(
            MemberInsight.shop_id == shop_id, among(MemberInsight.member_id, member_ids)
        )
    )
    known = {row.member_id: row.band for row in rows}
    return {member_id: known.get(member_id, _NOBODY_KNOWN) for member_id in member_ids}


def _newest(session: Session, shop_id: int, *states: str) -> InsightRun | None:
    statement = select(InsightRun).where(InsightRun.shop_id == shop_id)
    if states:
        statement = statement.where(InsightRun.state.in_(states))
    newest = statement.order_by(InsightRun.id.desc()).limit(1)
    return session.scalar(newest.execution_options(populate_existing=True))


def _insight(row: MemberInsight, as_of: date, model: ShopModel) -> Insight:
    same: dict[str, Any] = {
        name: getattr(row, name)
        for name in (
            *("band", "is_calibrated", "p_return_ppm", "ltv_minor", "expected_orders_milli"),
            *("orders", "health", "health_rfm", "health_return", "health_engagement"),
        )
    }
    why = explain(
        orders=row.orders,
        gap_days=row.gap_days,
        last_days_ago=(as_of - row.last_order_on).days if row.last_order_on else 0,
        p_return=None if row.p_return_ppm is None else row.p_return_ppm / 1_000_000,
        is_calibrated=row.is_calibrated,
    )
    return Insight(
        as_of=as_of,
        horizon_days=model.horizon_days,
        why=why,
        reasons=model.reasons,
        accuracy=model.accuracy,
        **same,
    )
