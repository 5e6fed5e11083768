"""The trace of a shopper whom somebody put into a segment."""

from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.segments.overriding import put_in
from loyalty.segments.saving import add_segment
from loyalty.shops.directory import get_shop
from tests.jobs.privacy.shopper import Shopper

_DANA = Actor("staff", "42")


def be_in_a_segment(session: Session, who: Shopper) -> None:
    """One by hand, which they entered."""
    shop, now = get_shop(session, who.shop_id), utc_now()
    club = add_segment(session, shop, name="Tea club", criteria=None, actor=_DANA, now=now)
    put_in(session, shop, club.id, who.member_id, actor=_DANA, now=now)
