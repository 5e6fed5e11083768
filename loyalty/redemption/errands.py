"""What is to be done in Shopify for a redemption, read in one go, before the network is used.

The invariant: an errand is a picture; whoever comes back from it writes by the row as it is then.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.errors import RedemptionNotFound
from loyalty.members.identity import survivor_of
from loyalty.members.tables import Customer
from loyalty.redemption.codes import choose_code
from loyalty.redemption.points import LEASE, lock
from loyalty.redemption.tables import Redemption
from loyalty.redemption.terms import Terms


@dataclass(frozen=True, slots=True)
class Errand:
    """A redemption as Shopify must be told of it.

    `customer_ids`: the member's living customers, to whom the code is bound. `leased_until`: until
    when nobody else works on it.
    """

    redemption_id: UUID
    member_id: UUID
    state: str
    code: str | None
    discount_gid: str | None
    terms: Terms
    customer_ids: tuple[int, ...]
    reserved_at: datetime
    expires_at: datetime | None
    leased_until: datetime | None


def read_errand(session: Session, shop_id: int, redemption_id: UUID) -> Errand:
    """The redemption's errand; raises RedemptionNotFound."""
    redemption = session.get(Redemption, (shop_id, redemption_id), populate_existing=True)
    if redemption is None:
        raise RedemptionNotFound(str(redemption_id))
    return Errand(
        redemption_id=redemption.id,
        member_id=redemption.member_id,
        state=redemption.state,
        code=redemption.code,
        discount_gid=redemption.discount_gid,
        terms=Terms.from_json(redemption.terms),
        customer_ids=_customers_of(session, shop_id, redemption.member_id),
        reserved_at=redemption.reserved_at,
        expires_at=redemption.expires_at,
        leased_until=redemption.next_at,
    )


def claim(session: Session, shop_id: int, redemption_id: UUID, *, now: datetime) -> bool:
    """Take a redemption that waits and that nobody works on; False when somebody does.

    Locks; flushes; the caller commits. Raises RedemptionNotFound.
    """
    redemption = lock(session, shop_id, redemption_id)
    is_waiting = redemption.state in ("reserved", "returning")
    if not is_waiting or (redemption.next_at is not None and redemption.next_at > now):
        return False
    redemption.next_at = now + LEASE
    session.flush()
    return True


def give_new_code(session: Session, shop_id: int, redemption_id: UUID) -> None:
    """Another code for a redemption whose code is somebody else's discount in Shopify.

    Only while it is reserved. Locks; flushes; the caller commits. Raises RedemptionNotFound.
    """
    redemption = lock(session, shop_id, redemption_id)
    if redemption.state == "reserved":
        redemption.code = choose_code(session, shop_id)
        session.flush()


def list_claimed(session: Session, shop_id: int, gids: list[str]) -> set[str]:
    """Those of Shopify's credits that are some redemption's already."""
    claimed = session.scalars(
        select(Redemption.discount_gid).where(
            Redemption.shop_id == shop_id, Redemption.discount_gid.in_(gids)
        )
    )
    return {gid for gid in claimed if gid is not None}


def _customers_of(session: Session, shop_id: int, member_id: UUID) -> tuple[int, ...]:
    owner_id = survivor_of(session, shop_id, member_id)
    found = session.scalars(
        select(Customer.customer_id)
        .where(
            Customer.shop_id == shop_id,
            Customer.member_id == owner_id,
            Customer.deleted_at.is_(None),
            Customer.redacted_at.is_(None),
        )
        .order_by(Customer.customer_id)
    )
    return tuple(found)
