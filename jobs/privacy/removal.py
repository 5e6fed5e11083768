"""shop/redact: everything of a shop goes; that it went is kept, without a name."""

import hashlib
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from loyalty.base.ids import new_id
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from shopify_app.platform.tables import Installation, PrivacyRequest, RemovedShop
from wallet.tables import AppleRegistration


class ShopIsBack(Exception):
    """The shop has the app: what it asked for when it left no longer holds."""


def remove(session: Session, request: PrivacyRequest, *, now: datetime) -> None:
    """Delete the shop of the request, this request too, in the caller's transaction.

    Raises ShopIsBack when the shop was installed after the request. A shop of which we never
    heard that it left is removed all the same: Shopify signs such a request 48 hours after.
    """
    shop = get_shop(session, request.shop_id)
    if shop.status != "uninstalled" and _came_at(session, shop) > request.received_at:
        raise ShopIsBack
    session.add(
        RemovedShop(
            id=new_id(),
            removed_shop_id=shop.shop_id,
            domain_hash=domain_hash(shop.domain),
            requested_at=request.received_at,
            due_at=request.due_at,
            removed_at=now,
        )
    )
    registered = select(AppleRegistration.device_id).where(
        AppleRegistration.shop_id == shop.shop_id
    )
    devices = list(session.scalars(registered.distinct()))
    session.flush()
    session.execute(text("SELECT remove_shop()"))
    session.execute(text("SELECT forget_devices(:devices)"), {"devices": devices})
    session.expunge_all()


def find_proof(session: Session, domain: str) -> RemovedShop | None:
    """The newest proof that the shop of `domain` was removed; needs no shop."""
    statement = select(RemovedShop).where(RemovedShop.domain_hash == domain_hash(domain))
    return session.scalar(statement.order_by(RemovedShop.removed_at.desc()).limit(1))


def domain_hash(domain: str) -> bytes:
    """What stands for a domain in a proof: enough to look one up, not to list them."""
    return hashlib.sha256(f"encore removed shop\0{domain}".encode()).digest()


def _came_at(session: Session, shop: Shop) -> datetime:
    """When the shop was installed, or a visit last brought a token: it may have left unheard."""
    installation = session.get(Installation, shop.shop_id)
    granted_at = installation.granted_at if installation else None
    return max(shop.installed_at, granted_at or shop.installed_at)
