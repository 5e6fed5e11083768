"""Requests of Shopify's privacy topics that are not met yet. Reads only."""

from collections.abc import Sequence

from sqlalchemy import select

from loyalty.base.db import shop_transaction
from shopify_app.platform.tables import PrivacyRequest


def list_open_requests(shop_id: int) -> Sequence[PrivacyRequest]:
    """The shop's requests that still wait, the soonest due first."""
    statement = (
        select(PrivacyRequest)
        .where(PrivacyRequest.shop_id == shop_id, PrivacyRequest.done_at.is_(None))
        .order_by(PrivacyRequest.due_at, PrivacyRequest.id)
    )
    with shop_transaction(shop_id) as session:
        return session.scalars(statement).all()
