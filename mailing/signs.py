"""What a list of members shows of each one's emails: their word, and whether emails arrive.

Asked for a page of members at a time, in as few queries as for one.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from mailing.permission import Known, is_unsubscribed, read_known

Bounce = Literal["hard", "soft", "complaint"]


@dataclass(frozen=True, slots=True)
class Signs:
    """`consent`: subscribed, asked, unsubscribed, or None for who never said anything.

    `bounce`: the worst that is known of the present address; None when nothing is.
    """

    consent: str | None
    bounce: Bounce | None


def list_signs(session: Session, shop_id: int, member_ids: Collection[UUID]) -> dict[UUID, Signs]:
    """The signs of each of these members; those of another shop are left out."""
    known = read_known(session, shop_id, member_ids)
    return {each.member.id: Signs(_consent(each), _bounce(each)) for each in known}


def _consent(known: Known) -> str | None:
    if is_unsubscribed(known):
        return "unsubscribed"
    return known.consent.state if known.consent is not None else None


def _bounce(known: Known) -> Bounce | None:
    address = known.address
    if address is None:
        return None
    if address.complained_at:
        return "complaint"
    if address.hard_bounced_at:
        return "hard"
    return "soft" if address.soft_bounces else None
