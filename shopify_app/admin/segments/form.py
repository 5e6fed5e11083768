"""The fields of a segment's editor, as typed; a refusal gives them back untouched."""

from dataclasses import dataclass, field, replace

from werkzeug.datastructures import MultiDict

from shopify_app.admin.segments.rule_form import Group, blank_rule, rule_of
from shopify_app.admin.segments.rule_meaning import blame


@dataclass(frozen=True, slots=True)
class SegmentForm:
    """What was typed, and what is wrong by field; `rule`: None for a segment by hand alone."""

    name: str
    description: str
    rule: Group | None
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def blank(cls, *, has_rule: bool) -> "SegmentForm":
        """A new segment."""
        return cls("", "", blank_rule() if has_rule else None)

    @classmethod
    def of(cls, fields: "MultiDict[str, str]") -> "SegmentForm":
        """The form as it was sent."""
        rule = None if fields.get("by") == "hand" else rule_of(fields)
        return cls(fields.get("name", ""), fields.get("description", ""), rule)

    def refused(self, field_name: str, message: str) -> "SegmentForm":
        """The same form with `message` beside the field, or beside the part of the rule."""
        if field_name in ("name", "description"):
            return replace(self, errors={field_name: message})
        if self.rule and message:
            blame(self.rule, field_name.removeprefix("criteria").removeprefix("."), message)
        return replace(self, errors={"rule": message})
