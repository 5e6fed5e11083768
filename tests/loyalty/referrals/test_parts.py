"""What is exported and erased of a referral: by whom it is known, never who the other one is."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from loyalty.privacy.parts import Person, carry_out, read_rows
from loyalty.referrals.parts import PARTS
from loyalty.referrals.tables import Referral, ReferralEmail
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.referrals.cast import a_friend, buy, come, paid_to, work

EMAILS, PART = PARTS


def person(shop: Shop, member: Member) -> Person:
    return Person(shop.shop_id, member_ids=(member.id,))


def emails_of(session: Session, referral: Referral) -> Sequence[bytes]:
    statement = select(ReferralEmail.email_hash).where(ReferralEmail.referral_id == referral.id)
    return session.scalars(statement).all()


def test_neither_side_is_told_who_the_other_is(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)

    for mine, other in ((alice, carol), (carol, alice)):
        [row] = read_rows(session, PART, person(offering, mine))
        assert other.id not in row.values() and 7001 not in row.values()
        assert row["state"] == "paid"


def test_erasing_the_friend_forgets_by_what_they_were_counted_and_keeps_what_was_paid(
    session: Session, offering: Shop, alice: Member
) -> None:
    home = {"address1": "Calle Mayor 1", "zip": "28013", "country_code": "ES"}
    carol = a_friend(session, offering, address=home)
    referral = come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)
    held = [referral.address_hash, *emails_of(session, referral)]

    for part in PARTS:
        carry_out(session, part.erase, part, person(offering, carol), now=NOON)

    session.refresh(referral)
    assert len(held) == 2 and None not in held
    assert (referral.address_hash, referral.client_hash) == (None, b"")
    assert emails_of(session, referral) == []
    assert (referral.state, paid_to(session, alice)) == ("paid", [("referral", 200)])


def test_erasing_who_brought_them_takes_nothing_of_the_friends_away(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    referral = come(session, offering, alice, carol)

    carry_out(session, EMAILS.erase, EMAILS, person(offering, alice), now=NOON)

    assert len(emails_of(session, referral)) == 1


def test_somebody_elses_referrals_are_not_among_them(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    come(session, offering, alice, carol)
    dora = a_friend(session, offering, customer_id=602)

    assert read_rows(session, PART, person(offering, dora)) == []
