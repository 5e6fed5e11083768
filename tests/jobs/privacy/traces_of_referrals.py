"""The trace of a shopper who came by somebody's link."""

from datetime import timedelta

from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.members.enrolment import record_customer
from loyalty.referrals.likeness import hash_of, same_email
from loyalty.referrals.tables import Referral
from loyalty.shops.directory import get_shop
from tests.factories.facts import a_customer
from tests.jobs.privacy.shopper import Shopper


def come_by_a_link(session: Session, who: Shopper) -> None:
    """Somebody brought them; by what they are counted is kept."""
    now = utc_now()
    shop = get_shop(session, who.shop_id)
    named = {"first_name": "Erin", "last_name": "Ericson", "email": "erin@example.net"}
    facts = a_customer(who.customer_id + 9000, **named)
    other = record_customer(session, shop, facts, now=now, is_backfill=False)
    assert other.member_id is not None
    session.add(
        Referral(
            shop_id=who.shop_id,
            id=new_id(),
            advocate_id=other.member_id,
            friend_id=who.member_id,
            request_id=new_id(),
            state="waiting",
            claimed_at=now - timedelta(days=2),
            client_hash=b"somewhere",
            email_hash=hash_of(who.shop_id, same_email(who.email)),
        )
    )
