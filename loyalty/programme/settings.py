"""Changes of a shop's settings. Each is audited; who commits is the caller."""

from datetime import datetime

from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.programme.tables import Programme


def set_sends_card_email(
    session: Session, shop_id: int, is_on: bool, *, actor: Actor, now: datetime
) -> bool:
    """Whether whoever joins by themselves is sent their card; False when it was so already."""
    programme = session.get_one(Programme, shop_id, with_for_update=True)
    if programme.sends_card_email == is_on:
        return False
    programme.sends_card_email = is_on
    audit.record(
        session,
        shop_id,
        actor,
        "card_email_switched",
        ("programme", str(shop_id)),
        now=now,
        is_on=is_on,
    )
    return True
