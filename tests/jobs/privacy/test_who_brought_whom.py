"""Who brought whom, once one of the two is erased: the other one loses nothing."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from jobs.privacy import requests
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.members.join_requests import Joiner, ask_to_join
from loyalty.members.tables import Member, MemberBalance
from loyalty.referrals.claiming import keep_claim
from loyalty.referrals.tables import Referral, ReferralEmail
from loyalty.shops.directory import get_shop
from tests.jobs.privacy.cast import ask
from tests.jobs.privacy.shopper import Shopper
from tests.jobs.privacy.traces_of_referrals import ERIN, erin_of, referral_of


def available(session: Session, shop_id: int, member_id: UUID) -> int:
    """The points that a member could spend."""
    return session.get_one(MemberBalance, (shop_id, member_id)).available


def hashes_of(session: Session, referral: Referral) -> tuple[int, bytes | None, bytes]:
    """By what the friend of a referral is counted and known again: of addresses, how many."""
    theirs = select(func.count()).where(ReferralEmail.referral_id == referral.id)
    return session.scalar(theirs) or 0, referral.address_hash, referral.client_hash


def test_whoever_brought_them_stays_who_they_are_with_what_they_were_paid(alice: Shopper) -> None:
    with db.shop_transaction(alice.shop_id) as session:
        ids = alice.shop_id, erin_of(session, alice).id
        paid = available(session, *ids)

    ask(alice, "customers/redact")

    requests.run_shop(alice.shop_id)

    with db.shop_transaction(alice.shop_id) as session:
        erin = session.get_one(Member, ids)
        referral = referral_of(session, alice)
        assert (erin.first_name, erin.last_name, erin.email) == ERIN
        assert (erin.state, available(session, *ids)) == ("active", paid)
        assert (referral.state, referral.friend_points) == ("paid", 50)
        assert hashes_of(session, referral) == (0, None, b"")
    assert paid == 200


def test_whom_they_brought_is_still_known_again_when_they_are_erased(alice: Shopper) -> None:
    with db.shop_transaction(alice.shop_id) as session:
        erin = erin_of(session, alice)
        held = hashes_of(session, referral_of(session, alice))
    ask(alice, "customers/redact", customer_id=alice.customer_id + 9000)

    requests.run_shop(alice.shop_id)

    with db.shop_transaction(alice.shop_id) as session:
        assert session.get_one(Member, (alice.shop_id, erin.id)).state == "erased"
        assert hashes_of(session, referral_of(session, alice)) == held
        assert session.get_one(Member, (alice.shop_id, alice.member_id)).first_name == "Alice"
    assert held[0] is not None and held[2] != b""


def test_a_form_that_nobody_has_looked_at_yet_is_forgotten_too(alice: Shopper) -> None:
    with db.shop_transaction(alice.shop_id) as session:
        shop, now, erin = get_shop(session, alice.shop_id), utc_now(), erin_of(session, alice)
        joiner = Joiner(alice.email, alice.first_name, None, False, b"a form", b"her place")
        request = ask_to_join(session, shop, joiner, terms_url=None, now=now)
        assert request is not None
        asked_id = keep_claim(session, request, erin.id, now=now).id
    ask(alice, "customers/redact")

    requests.run_shop(alice.shop_id)

    with db.shop_transaction(alice.shop_id) as session:
        asked = session.get_one(Referral, (alice.shop_id, asked_id))
        assert (asked.state, asked.client_hash) == ("asked", b"")
