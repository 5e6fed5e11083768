"""Shops by domain and by id; install and uninstall. A domain keeps its shop id for ever."""

from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from loyalty import outbox
from loyalty.base.clock import utc_now
from loyalty.base.errors import ShopNotFound
from loyalty.programme.defaults import start_programme
from loyalty.segments.ready_made import add_ready_made
from loyalty.shops.tables import Shop, shop_id_sequence


def find_shop_id(session: Session, domain: str) -> int | None:
    """The shop of this myshopify domain; needs no shop in the transaction."""
    return session.scalar(select(func.find_shop(domain)))


def register_shop_id(session: Session, domain: str) -> int:
    """The shop id of `domain`, given now if it had none. Two at once get the same."""
    known = find_shop_id(session, domain)
    if known is not None:
        return known
    fresh = session.scalar(select(shop_id_sequence.next_value()))
    # Without a named target the app needs no right to read the directory.
    session.execute(
        text(
            "INSERT INTO shop_directory (domain, shop_id) VALUES (:domain, :shop_id)"
            " ON CONFLICT DO NOTHING"
        ),
        {"domain": domain, "shop_id": fresh},
    )
    shop_id = find_shop_id(session, domain)
    assert shop_id is not None
    return shop_id


def shops_with_work(session: Session, now: datetime) -> list[tuple[str, int]]:
    """(queue, shop id) for each queue of each shop with something due; needs no shop."""
    rows = session.execute(text("SELECT queue, shop FROM shops_with_work(:at)"), {"at": now})
    return [(row.queue, row.shop) for row in rows]


def get_shop(session: Session, shop_id: int) -> Shop:
    """The shop; raises ShopNotFound."""
    shop = session.get(Shop, shop_id)
    if shop is None:
        raise ShopNotFound(str(shop_id))
    return shop


def install(
    session: Session,
    shop_id: int,
    *,
    domain: str,
    name: str,
    currency: str,
    timezone: str,
    email: str | None,
    locale: str = "en",
    now: datetime,
) -> Shop:
    """The shop, installed: made with a default programme at first, woken up at a re-install.

    Orders placed while the app was away are history: they earn nothing by themselves.
    """
    shop = session.get(Shop, shop_id, with_for_update=True)
    # Shopify's times have no fractions: an order of this very second comes after the install.
    began_at = now.replace(microsecond=0)
    if shop is None:
        shop = Shop(
            shop_id=shop_id,
            domain=domain,
            status="installed",
            name=name,
            currency=currency,
            timezone=timezone,
            email=email,
            locale=locale,
            earning_since=began_at,
            installed_at=now,
        )
        session.add(shop)
        session.flush()
        start_programme(session, shop_id, name=name, now=now)
        # Nobody can belong yet: they are as full as they will be until the first one comes.
        add_ready_made(session, shop, now=now, refreshed_at=now)
    elif shop.status == "uninstalled":
        shop.earning_since, shop.installed_at = began_at, now
        shop.uninstalled_at = None
    shop.status = "installed"
    shop.name, shop.currency, shop.timezone, shop.email = name, currency, timezone, email
    session.flush()
    return shop


def uninstall(session: Session, shop_id: int, *, now: datetime) -> None:
    """Mark the shop as gone; its books stay until shop/redact."""
    shop = get_shop(session, shop_id)
    shop.status, shop.uninstalled_at = "uninstalled", now


def needs_reauth(session: Session, shop_id: int) -> None:
    """Mark that our token died: only the merchant's next visit can heal it."""
    shop = get_shop(session, shop_id)
    if shop.status == "installed":
        shop.status = "needs_reauth"


def update_shop(
    session: Session,
    shop_id: int,
    *,
    name: str,
    timezone: str,
    email: str | None,
    updated_at: datetime,
) -> bool:
    """Take over what Shopify says of the shop; False when we know something newer.

    Its name stands on the cards, which are told of a new one.
    The currency stays: books are in one currency, and Shopify forbids a change after a sale.
    """
    shop = get_shop(session, shop_id)
    if shop.shopify_updated_at is not None and updated_at < shop.shopify_updated_at:
        return False
    if shop.name != name:
        outbox.stage(session, shop_id, outbox.CARDS_CHANGED, now=utc_now())
    shop.name, shop.timezone, shop.email = name, timezone, email
    shop.shopify_updated_at = updated_at
    return True
