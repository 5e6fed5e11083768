"""The shop's own details."""

from sqlalchemy.orm import Session

from loyalty.shops import directory
from loyalty.shops.tables import Shop
from shopify_app.platform.deliveries import Delivery
from shopify_app.platform.errors import Ignored
from shopify_app.platform.payloads.reading import moment_or_none, text_or_none


def update(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Take over name, zone and address; what the payload leaves null stays as it was."""
    payload = delivery.payload
    is_news = directory.update_shop(
        session,
        shop.shop_id,
        name=text_or_none(payload, "name") or shop.name,
        timezone=text_or_none(payload, "iana_timezone") or shop.timezone,
        email=text_or_none(payload, "email") or shop.email,
        updated_at=moment_or_none(payload, "updated_at") or delivery.occurred_at,
    )
    if not is_news:
        raise Ignored("older than what we know of the shop")
