"""Consent to marketing: the two topics that alone tell it. Whose it is must be a member by now.

Of anybody else nothing is kept: who becomes a member is asked about in Shopify then. A yes may
come after what took it back, which is no word without it: so after a yes Shopify is looked at.
"""

from sqlalchemy.orm import Session

from loyalty.members.consent import ask_to_agree
from loyalty.members.facts import ConsentFacts
from loyalty.members.hearing import hear
from loyalty.shops.tables import Shop
from shopify_app.platform.deliveries import Delivery
from shopify_app.platform.errors import Ignored
from shopify_app.platform.payloads.consents import read_email_consent, read_sms_consent


def hear_email(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Take over what the customer said to emails, if it is the later word."""
    told = read_email_consent(delivery.payload, occurred_at=delivery.occurred_at)
    _hear(session, shop, delivery, *told)


def hear_sms(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Take over what the customer said to SMS, if it is the later word."""
    told = read_sms_consent(delivery.payload, occurred_at=delivery.occurred_at)
    _hear(session, shop, delivery, *told)


def _hear(
    session: Session, shop: Shop, delivery: Delivery, customer_id: int, word: ConsentFacts | None
) -> None:
    if word is None:
        raise Ignored("the customer has said nothing")
    told = {customer_id: [word]}
    changed = hear(session, shop.shop_id, told, now=delivery.now, is_news=True)
    if not changed:
        raise Ignored("no member's, or older than what we know")
    if word.state == "subscribed":
        for member_id, _ in changed:
            ask_to_agree(session, shop.shop_id, member_id, now=delivery.now)
