"""Points granted at the till: the domain decides and caps, the till is told what is left."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty.adjustments import POINTS_MAX
from loyalty.shops.tables import Shop
from loyalty.till import grants
from loyalty.till.grants import TillUser
from pos_extension.reading import Body, optional_text, points, text
from pos_extension.wire import member_json
from pos_extension.writes import Answer


@dataclass(frozen=True, slots=True)
class Granting:
    """Grant points to a member as the till's user."""

    member_id: UUID
    client_key: UUID
    points: int
    reason: str
    note: str | None
    by: TillUser

    @classmethod
    def of(cls, body: Body, member_id: UUID, client_key: UUID, by: TillUser) -> "Granting":
        """What `body` asks for."""
        return cls(
            member_id=member_id,
            client_key=client_key,
            points=points(body, "points", most=POINTS_MAX),
            reason=text(body, "reason"),
            note=optional_text(body, "note"),
            by=by,
        )

    def __call__(self, session: Session, shop: Shop, now: datetime) -> Answer:
        """200 with the member, what was granted, and what the user may still grant today."""
        entry = grants.grant(
            session,
            shop,
            self.member_id,
            points=self.points,
            reason=self.reason,
            note=self.note,
            client_key=self.client_key,
            by=self.by,
            now=now,
        )
        user_id, place = self.by.user_id, self.by.location_id
        left = grants.read_allowance(session, shop, user_id, now=now, location_id=place).left
        member = member_json(session, shop, self.member_id, now=now)
        body = {"member": member, "granted": entry.points, "left_today": left}
        return Answer(200, body, self.member_id)
