"""The trace of a shopper who was given coupons, of which an order is to carry one."""

from datetime import timedelta

from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.coupons.assigning import assign
from loyalty.coupons.importing import import_codes
from loyalty.coupons.saving import add_coupon
from loyalty.shops.directory import get_shop
from tests.jobs.privacy.shopper import Shopper

_DANA = Actor("staff", "42")


def have_coupons(session: Session, who: Shopper) -> str:
    """Two codes, by email, before any order; the one that an order is to carry."""
    shop, at = get_shop(session, who.shop_id), utc_now() - timedelta(days=4)
    given = {"name": "Five off", "kind": "fixed_amount", "amount": "5.00", "per_member": "2"}
    given |= {"code_source": "imported"}
    coupon = add_coupon(session, shop, given, actor=_DANA, now=at)
    codes = [f"KNOWN-{who.customer_id}-{number}" for number in (1, 2)]
    content = "\n".join(["code", *codes]).encode()
    import_codes(session, who.shop_id, coupon.id, content, actor=_DANA, now=at)
    for _ in codes:
        assign(
            session,
            shop,
            coupon.id,
            [who.member_id],
            batch_id=new_id(),
            sends_email=True,
            actor=_DANA,
            now=at,
        )
    return codes[0]
