"""The parts of referrals in what is held of a person: whom they brought, and who brought them."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_

from loyalty.privacy.parts import Blank, Part, Person, Stays
from loyalty.referrals.tables import Referral


def _whose(person: Person) -> ColumnElement[bool]:
    ids = person.member_ids
    is_theirs = or_(Referral.advocate_id.in_(ids), Referral.friend_id.in_(ids))
    return (Referral.shop_id == person.shop_id) & is_theirs


PARTS: Sequence[Part] = (
    Part(
        Referral,
        _whose,
        "Friends brought and being brought",
        Blank(
            {"client_hash": b"", "email_hash": None, "address_hash": None},
            keeps=(
                *("shop_id", "id", "advocate_id", "friend_id", "request_id", "state", "reason"),
                *("claimed_at", "due_at", "order_id", "rule_id", "rule_version"),
                *("minimum_minor", "advocate_points", "friend_points"),
                *("decided_at", "paid_at", "reversed_at"),
            ),
        ),
        Stays("whoever has taken them in is looked up when it is settled"),
        # The other one is a person, too: who they are and what they bought is not this one's.
        secrets=(
            *("advocate_id", "friend_id", "order_id", "reason"),
            *("client_hash", "email_hash", "address_hash"),
        ),
    ),
)
