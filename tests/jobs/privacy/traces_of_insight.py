"""The trace of a shopper whose orders were looked at, as the night leaves it."""

from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.insights.tables import MemberInsight
from tests.jobs.privacy.shopper import Shopper


def be_scored(session: Session, who: Shopper) -> None:
    """A night after they were merged with somebody: scores of before are nobody's."""
    row = MemberInsight(
        shop_id=who.shop_id,
        member_id=who.member_id,
        band="low",
        is_calibrated=True,
        p_return_ppm=730_000,
        ltv_minor=4200,
        expected_orders_milli=2100,
        orders=1,
        last_order_on=utc_now().date(),
        gap_days=0,
        r=5,
        f=1,
        m=3,
    )
    session.add(row)
