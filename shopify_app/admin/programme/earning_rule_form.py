"""An earning rule between its form and its settings.

The invariant: the settings that a rule's form shows are read from it again as the same settings.
"""

from typing import Any

from loyalty.programme.tables import EarningRule
from shopify_app.admin.programme.form import Typed, amount_text, minor_units, numbers

FIELDS = (
    *("name", "gives", "points_per_unit", "fixed_points", "rounding", "starts_on", "ends_on"),
    *("is_exclusive", "priority", "is_active", "tags", "products", "collections", "channels"),
    *("locations", "first_order", "minimum_minor", "check_in", "friend_points"),
)
_LISTED = ("tags", "channels")
_TICKED = ("collections", "locations")


def blank(kind: str) -> Typed:
    """The form of a new rule of this kind."""
    gives = "per_unit" if kind == "order" else "fixed"
    values = {"gives": gives, "rounding": "floor", "priority": 100, "is_active": True}
    return Typed.showing(values | ({"check_in": "week"} if kind == "check_in" else {}))


def shown(rule: EarningRule, currency: str) -> Typed:
    """The form of a rule as it is saved."""
    conditions = dict(rule.conditions)
    values = {name: getattr(rule, name, None) for name in FIELDS}
    values |= rule.limits | condition_fields(conditions, currency)
    return Typed.showing(values)


def read(form: Typed, kind: str, currency: str) -> dict[str, Any]:
    """The rule's settings, as `loyalty.earning.saving` takes and checks them."""
    gives = form.text("gives") if kind == "order" else "fixed"
    is_fixed = gives == "fixed"
    return {
        "name": form.text("name"),
        "kind": kind,
        "gives": gives,
        "points_per_unit": None if is_fixed else form.text("points_per_unit"),
        "fixed_points": form.text("fixed_points") if is_fixed else None,
        "rounding": form.text("rounding") or "floor",
        "starts_on": form.text("starts_on"),
        "ends_on": form.text("ends_on"),
        "is_exclusive": form.has("is_exclusive"),
        "priority": form.text("priority") if kind == "order" else 100,
        "conditions": read_conditions(form, currency),
        "limits": {
            name: form.text(name) for name in ("check_in", "friend_points") if form.text(name)
        },
        "is_active": form.has("is_active"),
    }


def condition_fields(conditions: dict[str, Any], currency: str) -> dict[str, Any]:
    """The fields that show the conditions of a rule or promotion."""
    texts = {name: ", ".join(map(str, conditions.get(name, ()))) for name in (*_LISTED, "products")}
    ticks = {name: conditions.get(name, []) for name in _TICKED}
    minimum = amount_text(conditions.get("minimum_minor"), currency)
    return {
        **texts,
        **ticks,
        "minimum_minor": minimum,
        "first_order": conditions.get("first_order"),
    }


def read_conditions(form: Typed, currency: str) -> dict[str, Any]:
    """The conditions that the form sets, for `loyalty.earning.conditions`."""
    found: dict[str, Any] = {name: form.listed(name) for name in _LISTED}
    found |= {name: numbers(form.chosen(name)) for name in _TICKED}
    found["products"] = numbers(form.listed("products"))
    found["first_order"] = form.has("first_order")
    if form.text("minimum_minor"):
        found["minimum_minor"] = minor_units(form.text("minimum_minor"), currency)
    # A least amount of 0 is no wish for none: it is refused like any other that cannot work.
    return {name: value for name, value in found.items() if value or name == "minimum_minor"}
