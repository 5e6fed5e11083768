"""The trace of a shopper who had two accounts, each with a life of its own."""

from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.members.consent import say
from loyalty.members.enrolment import record_customer
from loyalty.members.join_requests import Joiner, ask_to_join
from loyalty.merging.merging import merge
from loyalty.shops.directory import get_shop
from mailing.topics import choose
from tests.factories.facts import a_customer
from tests.jobs.privacy.shopper import Shopper, email_of
from tests.jobs.privacy.traces_of_rewards import redeem_one


def be_made_one(session: Session, who: Shopper) -> None:
    """A second account of theirs, with a code, a consent and a form that waits, is merged in."""
    shop, now = get_shop(session, who.shop_id), utc_now()
    facts = a_customer(
        who.customer_id + 10_000,
        first_name=who.first_name,
        last_name=who.last_name,
        email=email_of(who.first_name),
        has_verified_email=False,
    )
    customer = record_customer(session, shop, facts, now=now, is_backfill=False)
    assert customer.member_id is not None
    balance = lock_balance(session, who.shop_id, customer.member_id)
    cause = Cause("grant", f"second:{who.customer_id}", "test", "1", "system:test", now)
    credit(session, balance, cause, points=3, now=now)
    redeem_one(session, who, customer.member_id, name="Ten off")
    for member_id in (who.member_id, customer.member_id):
        say(session, who.shop_id, member_id, "email", "subscribed", source="till", said_at=now)
        choose(session, who.shop_id, member_id, ["points"], now=now)
    joiner = Joiner(email_of(who.first_name), who.first_name, who.last_name, True, b"c", b"p")
    assert ask_to_join(session, shop, joiner, terms_url=None, now=now) is not None
    merge(session, shop, who.member_id, customer.member_id, actor=Actor("staff", "42"), now=now)
