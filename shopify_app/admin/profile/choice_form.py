"""What was chosen in Redeem or in Give coupon; a refusal gives it back untouched."""

from dataclasses import dataclass, field, replace

from werkzeug.datastructures import MultiDict


@dataclass(frozen=True, slots=True)
class ChoiceForm:
    """The choice, the points typed, whether by email; what is wrong by the name of its field.

    `""` in `errors` is what concerns no field, such as a click that was sent twice.
    """

    chosen: str = ""
    points: str = ""
    sends_email: bool = False
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, fields: "MultiDict[str, str]", choice: str) -> "ChoiceForm":
        """The form as it was sent; `choice` is the name of its list."""
        return cls(
            chosen=fields.get(choice, ""),
            points=fields.get("redeem_points", ""),
            sends_email="sends_email" in fields,
        )

    def refused(self, name: str, message: str) -> "ChoiceForm":
        """The same form with `message` where it belongs."""
        return replace(self, errors={name: message})
