"""The fields of the Update balance dialog, as typed; a refusal gives them back untouched."""

from dataclasses import dataclass, field, replace
from uuid import uuid4

from werkzeug.datastructures import MultiDict


@dataclass(frozen=True, slots=True)
class AdjustmentForm:
    """What was typed, the key that makes a resend count once, and what is wrong by field."""

    client_key: str
    points: str = ""
    reason: str = ""
    note: str = ""
    order_reference: str = ""
    tells_member: bool = False
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> "AdjustmentForm":
        """A blank form with a new key."""
        return cls(client_key=str(uuid4()))

    @classmethod
    def of(cls, fields: "MultiDict[str, str]") -> "AdjustmentForm":
        """The form as it was sent."""
        return cls(
            client_key=fields.get("client_key", ""),
            points=fields.get("points", ""),
            reason=fields.get("reason", ""),
            note=fields.get("note", ""),
            order_reference=fields.get("order_reference", ""),
            tells_member="tells_member" in fields,
        )

    def refused(self, field_name: str, message: str) -> "AdjustmentForm":
        """The same form with `message` beside the field, or above all when it is none of them."""
        known = ("points", "reason", "note", "order_reference")
        return replace(self, errors={field_name if field_name in known else "form": message})

    def with_new_key(self) -> "AdjustmentForm":
        """The same form, to be sent as a change of its own."""
        return replace(self, client_key=str(uuid4()))
