"""The parts of referrals in what is held of a person: whom they brought, and who brought them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from loyalty.members.join_requests import JoinRequest
from loyalty.privacy.parts import Drop, Part, Person, Run, Stays
from loyalty.privacy.whose import is_join_request
from loyalty.referrals.tables import Referral, ReferralEmail


def _whose(person: Person) -> ColumnElement[bool]:
    return or_(_brought(person), _came(person))


def _brought(person: Person) -> ColumnElement[bool]:
    return (Referral.shop_id == person.shop_id) & Referral.advocate_id.in_(person.member_ids)


def _came(person: Person) -> ColumnElement[bool]:
    """Those of which they are the friend, also by a form that nobody has looked at yet."""
    forms = select(JoinRequest.id).where(is_join_request(person))
    is_new = (Referral.state == "asked") & Referral.request_id.in_(forms)
    is_theirs = Referral.friend_id.in_(person.member_ids) | is_new
    return (Referral.shop_id == person.shop_id) & is_theirs


def _forget_traits(session: Session, person: Person, now: datetime) -> None:
    """The hashes are the friend's alone: who brought somebody takes nothing of theirs away."""
    session.execute(
        update(Referral)
        .where(_came(person))
        .values(client_hash=b"", address_hash=None)
        .execution_options(synchronize_session=False)
    )


def _emails(person: Person) -> ColumnElement[bool]:
    came = select(Referral.id).where(_came(person))
    return (ReferralEmail.shop_id == person.shop_id) & ReferralEmail.referral_id.in_(came)


PARTS: Sequence[Part] = (
    Part(
        ReferralEmail,
        _emails,
        None,
        Drop(),
        Stays("by whatever address they came, they are known again"),
        withheld="hashes of email addresses that are exported themselves",
    ),
    Part(
        Referral,
        _whose,
        "Friends brought and being brought",
        Run("what was paid stays; by what they are known again goes", _forget_traits),
        Stays("whoever has taken them in is looked up when it is settled"),
        # The other one is a person, too: who they are and what they bought is not this one's.
        secrets=(
            *("advocate_id", "friend_id", "order_id", "reason"),
            *("client_hash", "address_hash"),
        ),
    ),
)
