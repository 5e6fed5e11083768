"""The release of pending points whose time has come."""

from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.ledger.posting import release_due


def release(shop_id: int) -> None:
    """Make the shop's due lots spendable, a batch per transaction."""
    while True:
        with db.shop_transaction(shop_id) as session:
            if release_due(session, shop_id, now=utc_now()) == 0:
                return
