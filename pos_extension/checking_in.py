"""A check-in at the till: the cashier has the member before them, the till says where it stands."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.actions.check_ins import Tap, check_in
from loyalty.shops.tables import Shop
from loyalty.till.grants import TillUser
from pos_extension.wire import member_json
from pos_extension.writes import Answer


@dataclass(frozen=True, slots=True)
class CheckingIn:
    """Check a member in at the till's place as the till's user."""

    member_id: UUID
    client_key: UUID
    by: TillUser

    def __call__(self, session: Session, shop: Shop, now: datetime) -> Answer:
        """200 with the member, the points, and when a check-in here earns again."""
        tap = Tap(
            location_id=self.by.location_id,
            client_key=self.client_key,
            occurred_at=now,
            actor=self.by.actor,
        )
        row = check_in(session, shop, self.member_id, tap, now=now)
        audit.record(
            session,
            shop.shop_id,
            self.by.actor,
            "member_checked_in_at_till",
            ("member", str(self.member_id)),
            now=now,
            location_id=self.by.location_id,
            points=row.points,
        )
        member = member_json(session, shop, self.member_id, now=now)
        told = {name: row.answer[name] for name in ("points", "is_held", "next_on")}
        return Answer(200, {"member": member, **told}, self.member_id)
