"""The trace of a shopper who was given a coupon, and of one who used it."""

from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.coupons.assigning import assign
from loyalty.coupons.importing import import_codes
from loyalty.coupons.saving import add_coupon
from loyalty.coupons.using import OrderWithCodes, note_uses
from loyalty.shops.directory import get_shop
from tests.jobs.privacy.shopper import Shopper, order_id_of

_DANA = Actor("staff", "42")


def have_coupons(session: Session, who: Shopper) -> None:
    """Two codes, by email; one of them was used."""
    shop, now = get_shop(session, who.shop_id), utc_now()
    given = {"name": "Five off", "kind": "fixed_amount", "amount": "5.00", "per_member": "2"}
    given |= {"code_source": "imported"}
    coupon = add_coupon(session, shop, given, actor=_DANA, now=now)
    codes = [f"KNOWN-{who.customer_id}-{number}" for number in (1, 2)]
    content = "\n".join(["code", *codes]).encode()
    import_codes(session, who.shop_id, coupon.id, content, actor=_DANA, now=now)
    for _ in codes:
        assign(
            session,
            shop,
            coupon.id,
            [who.member_id],
            batch_id=new_id(),
            sends_email=True,
            actor=_DANA,
            now=now,
        )
    order_id = order_id_of(who)
    note_uses(session, who.shop_id, [OrderWithCodes(order_id, f"#{order_id}", now, (codes[0],))])
