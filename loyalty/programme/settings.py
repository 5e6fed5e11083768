"""Changes of a shop's settings. Each is audited; who commits is the caller."""

from datetime import datetime

from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.programme.tables import Programme

TILL_CAP_MAX = 1_000_000_000


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


def set_till_cap(
    session: Session, shop_id: int, points: int, *, actor: Actor, now: datetime
) -> bool:
    """How many points one user of the till may grant in a day, from now on; 0 is none.

    False when it was so already. What was granted today counts against the new number.
    """
    assert 0 <= points <= TILL_CAP_MAX, points
    programme = session.get_one(Programme, shop_id, with_for_update=True)
    before = programme.till_grant_cap_per_day
    if before == points:
        return False
    programme.till_grant_cap_per_day = points
    audit.record(
        session,
        shop_id,
        actor,
        "till_cap_set",
        ("programme", str(shop_id)),
        now=now,
        points=points,
        before=before,
    )
    return True
