"""The form of a deed for many members of the list: as typed, for whom, and what is wrong."""

import json
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from loyalty.base.errors import BadDeed
from loyalty.base.said import said
from loyalty.listing.selection import TICKED_MAX, Selection
from shopify_app.admin.languages import N_
from shopify_app.admin.members.asked import Asked

KINDS = {
    "grant": (N_("Grant points"), N_("Grant points")),
    "segment": (N_("Add to segment"), N_("Add to segment")),
    "card": (N_("Send loyalty card"), N_("Send cards")),
}
"""The title of the page, and what its button says."""


@dataclass(frozen=True, slots=True)
class DeedForm:
    """What was typed, the key that makes a resend count once, and what is wrong by field."""

    kind: str
    selection: Selection
    client_key: str
    points: str = ""
    reason: str = ""
    tells_members: bool = False
    segment_id: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def blank(cls, args: "MultiDict[str, str]") -> "DeedForm":
        """For those whom the list's address names: ticked, or all who match if `every` is."""
        if "every" in args:
            return cls(_kind(args), Selection(asked=Asked.of(args).filters), str(uuid4()))
        ids = tuple(sorted({_uuid(text) for text in args.getlist("member")[:TICKED_MAX]}))
        return cls(_kind(args), Selection(ids=ids), str(uuid4()))

    @classmethod
    def of(cls, fields: "MultiDict[str, str]") -> "DeedForm":
        """The form as it was sent."""
        try:
            selection = Selection.read(json.loads(fields.get("selection", "")))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadRequest from error
        return cls(
            kind=_kind(fields),
            selection=selection,
            client_key=fields.get("client_key", ""),
            points=fields.get("points", ""),
            reason=fields.get("reason", ""),
            tells_members="tells_members" in fields,
            segment_id=fields.get("segment_id", ""),
        )

    @property
    def stored_selection(self) -> str:
        """Whom it is for, to be sent back with the form."""
        return json.dumps(self.selection.as_stored())

    def refused(self, field_name: str, message: str) -> "DeedForm":
        """The same form with `message` beside the field, or above all when it is none of them."""
        known = {"segment": "segment_id", "points": "points", "reason": "reason"}
        return replace(self, errors={known.get(field_name, "form"): message})

    def segment(self) -> UUID:
        """The chosen segment; raises BadDeed when none is."""
        try:
            return UUID(self.segment_id)
        except ValueError as error:
            raise BadDeed("segment", said("Choose a segment")) from error


def _kind(fields: "MultiDict[str, str]") -> str:
    kind = fields.get("deed", "")
    if kind not in KINDS:
        raise BadRequest
    return kind


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadRequest from error
