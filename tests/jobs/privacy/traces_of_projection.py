"""The trace of a shopper whom Shopify shows with their points."""

from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from shopify_app.platform.projection import shown
from shopify_app.platform.projection.shown import INSTALLED, Shown
from shopify_app.platform.projection.tables import ShownCustomer
from tests.jobs.privacy.shopper import Shopper


def be_shown(session: Session, who: Shopper) -> None:
    """Points, a tier, and the way to the card."""
    link = f"https://encore.example/card/{who.first_name}"
    values = Shown(120, "Gold", link, INSTALLED).values()
    session.add(
        ShownCustomer(
            shop_id=who.shop_id,
            customer_id=who.customer_id,
            held=shown.kept(values),
            digests=dict.fromkeys(values, "digest"),
            tag=INSTALLED,
            state="kept",
            written_at=utc_now(),
        )
    )
