"""A form of the programme's settings: its fields as typed, and what is wrong by field.

The invariant: a refusal gives the form back with what was typed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Request
from werkzeug.datastructures import MultiDict

from loyalty.base.errors import UnreadableMoney
from loyalty.base.money import Money, parse_minor
from shopify_app.admin.languages import _, say
from shopify_app.admin.programme.field_words import field_words

_TEXT_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields, and the errors by field; those of no field under `form`."""

    fields: "MultiDict[str, str]"
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Request) -> "Typed":
        """The form as it was sent."""
        sent = request.form.items(multi=True)
        return cls(MultiDict((name, text.replace("\0", "")[:_TEXT_MAX]) for name, text in sent))

    @classmethod
    def showing(cls, values: Mapping[str, Any]) -> "Typed":
        """A form that shows what is saved: a list as its ticks, a flag as one or none."""
        fields: MultiDict[str, str] = MultiDict()
        for name, value in values.items():
            for each in value if isinstance(value, list | tuple) else [value]:
                if each is not None and each is not False:
                    fields.add(name, _written(each))
        return cls(fields)

    def text(self, name: str) -> str:
        """What was typed, without the blanks around it."""
        return self.fields.get(name, "").strip()

    def has(self, name: str) -> bool:
        """Whether the box is ticked."""
        return bool(self.fields.get(name))

    def chosen(self, name: str) -> list[str]:
        """All that is ticked of a group."""
        return self.fields.getlist(name)

    def listed(self, name: str) -> list[str]:
        """What stands between the commas."""
        return [part.strip() for part in self.text(name).split(",") if part.strip()]

    def refused(self, name: str, message: str, known: Collection[str]) -> "Typed":
        """The same form with the message beside the field, where there is such a field.

        The message is as the books have it: one that begins small is said of the field.
        """
        place = name.rpartition(".")[2]
        text = of_field(message)
        if place not in known:
            told = _("%(field)s: %(reason)s", field=field_words(name), reason=text)
            return replace(self, errors={"form": told})
        return replace(self, errors={place: text})


def of_field(message: str) -> str:
    """A message of the books beside a field: one that begins small is said of the field."""
    text = say(message)
    return _("This %(text)s", text=text) if message[:1].islower() else text


def not_switched_on(field: str, refusal: Exception) -> str:
    """Why what was to be switched on stays off."""
    reason = of_field(refusal.args[0])
    return _("Not switched on. %(field)s: %(reason)s", field=field_words(field), reason=reason)


def numbers(parts: Collection[str]) -> list[int | str]:
    """Each as a whole number; what is none stays as it is, for the domain to refuse."""
    return [
        int(part) if part.isascii() and part.isdigit() and len(part) < 20 else part
        for part in parts
    ]


def minor_units(text: str, currency: str) -> int | str:
    """An amount in minor units; what is none stays as it is, for the domain to refuse."""
    try:
        return parse_minor(text, currency)
    except UnreadableMoney:
        return text


def amount_text(amount_minor: int | None, currency: str) -> str:
    """The amount as a field shows it: `12.50`."""
    return "" if amount_minor is None else str(Money(amount_minor, currency).decimal())


def decimal_text(value: Decimal) -> str:
    """Without the zeros at its end, and never as a power of ten: `1.5`, `100`."""
    return f"{value.normalize():f}"


def _written(value: object) -> str:
    if value is True:
        return "1"
    if isinstance(value, Decimal):
        return decimal_text(value)
    return value.isoformat() if isinstance(value, date) else str(value)
