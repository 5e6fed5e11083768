"""The form that gives points to a segment: as typed, what it would come to, and what is wrong."""

from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from flask import g
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from loyalty.base.errors import BadGroupGrant, SegmentNotFound
from loyalty.base.said import said
from loyalty.group_grants.deciding import Audience, count_audience, read_given
from shopify_app.admin.languages import _, say


@dataclass(frozen=True, slots=True)
class GroupGrantForm:
    """What was typed, the key that makes a resend count once, and what is wrong by field.

    `expected`: the number of members that was shown when it was sent.
    """

    client_key: str
    segment_id: str = ""
    points: str = ""
    reason: str = ""
    tells_members: bool = False
    expected: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def empty(cls, segment_id: str = "") -> "GroupGrantForm":
        """A blank form with a new key, for this segment if one is named."""
        return cls(client_key=str(uuid4()), segment_id=segment_id)

    @classmethod
    def of(cls, fields: "MultiDict[str, str]") -> "GroupGrantForm":
        """The form as it was sent."""
        return cls(
            client_key=fields.get("client_key", ""),
            segment_id=fields.get("segment_id", ""),
            points=fields.get("points", ""),
            reason=fields.get("reason", ""),
            tells_members="tells_members" in fields,
            expected=fields.get("expected", ""),
        )

    def refused(self, field_name: str, message: str) -> "GroupGrantForm":
        """The same form with `message` beside the field, or above all when it is none of them."""
        known = {"segment": "segment_id", "points": "points", "reason": "reason"}
        return replace(self, errors={known.get(field_name, "form"): message})

    def with_new_key(self) -> "GroupGrantForm":
        """The same form, to be sent as a decision of its own."""
        return replace(self, client_key=str(uuid4()))

    def segment(self) -> UUID:
        """The chosen segment; raises BadGroupGrant when none is."""
        try:
            return UUID(self.segment_id)
        except ValueError as error:
            raise BadGroupGrant("segment", said("Choose a segment")) from error


@dataclass(frozen=True, slots=True)
class Forecast:
    """Whom the form would reach, or why that cannot be said yet."""

    audience: Audience | None
    words: str = ""


def forecast(session: Session, form: GroupGrantForm) -> Forecast:
    """What the form as it stands would come to."""
    try:
        points = read_given(form.points)
        return Forecast(count_audience(session, g.shop_id, form.segment(), points=points))
    except BadGroupGrant as refusal:
        return Forecast(None, say(refusal))
    except SegmentNotFound:
        return Forecast(None, _("This segment is no longer there. Choose another"))
