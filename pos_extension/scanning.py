"""A scan: whose code it is, told to the till and noted in the member's timeline, once per key."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty import audit, timeline
from loyalty.queries.till import find_location_name
from loyalty.shops.tables import Shop
from loyalty.till.grants import TillUser
from pos_extension import refusals
from pos_extension.reading import Body, text
from pos_extension.wire import member_json
from pos_extension.writes import Answer
from wallet.tokens import find_scanned


@dataclass(frozen=True, slots=True)
class Scanning:
    """Scan `code` as the till's user."""

    code: str
    by: TillUser

    @classmethod
    def of(cls, body: Body, by: TillUser) -> "Scanning":
        """What `body` asks for."""
        return cls(text(body, "code"), by)

    def __call__(self, session: Session, shop: Shop, now: datetime) -> Answer:
        """200 with the member; Refusal 404 for a code that nobody of this shop has."""
        found = find_scanned(session, shop.shop_id, self.code)
        if found is None:
            raise refusals.unknown_code()
        member = member_json(session, shop, found.member_id, now=now)
        _note(session, shop, found.member_id, self.by, now)
        return Answer(200, {"member": member, "is_newest_code": found.is_newest}, found.member_id)


def where(session: Session, shop: Shop, by: TillUser) -> dict[str, Any]:
    """Who and where, as an event of the timeline tells it; a place's name stays as it was then."""
    return {
        "actor": str(by.actor),
        "location_id": by.location_id,
        "location": find_location_name(session, shop.shop_id, by.location_id),
    }


def _note(session: Session, shop: Shop, member_id: UUID, by: TillUser, now: datetime) -> None:
    timeline.note_event(
        session,
        shop.shop_id,
        member_id,
        timeline.CUSTOMER_SCANNED,
        now,
        **where(session, shop, by),
    )
    audit.record(
        session,
        shop.shop_id,
        by.actor,
        "member_scanned",
        ("member", str(member_id)),
        now=now,
        location_id=by.location_id,
    )
