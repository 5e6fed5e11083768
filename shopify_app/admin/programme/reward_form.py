"""A reward between its form and its settings; which fields there are depends on its kind.

The invariant: the settings that a reward's form shows are read from it again as the same settings.
"""

from typing import Any

from loyalty.rewards.checking import CLASSES
from loyalty.rewards.tables import Reward
from shopify_app.admin.programme.form import Typed, amount_text

FIELDS = (
    *("name", "pricing", "cost_points", "points_min", "points_max", "amount", "percentage"),
    *("product_id", "variant_id", "minimum_cart", "limit_per_member", "limit_period"),
    *("visibility", "tier_ids", "starts_on", "ends_on", "validity_days", "code_source"),
    *("combines_with", "is_active"),
)
AMOUNTS = ("fixed_amount", "store_credit")
"""The kinds that are worth an amount of money, and may be worth more for more points."""
WITH_CODES = ("fixed_amount", "percentage", "free_shipping", "free_product")
WITH_MINIMUM = ("fixed_amount", "percentage", "free_shipping")
_FIXED = ("kind", "pricing", "code_source")
_AS_TYPED = (
    *("name", "cost_points", "limit_per_member", "limit_period", "visibility"),
    *("starts_on", "ends_on", "validity_days"),
)


def blank() -> Typed:
    """The form of a new reward."""
    return Typed.showing(
        {
            "pricing": "fixed",
            "limit_period": "ever",
            "visibility": "everywhere",
            "validity_days": 30,
            "code_source": "made",
            "is_active": True,
        }
    )


def shown(reward: Reward, currency: str) -> Typed:
    """The form of a reward as it is saved."""
    values = {name: getattr(reward, name, None) for name in FIELDS}
    values["amount"] = amount_text(reward.amount_minor, currency)
    values["minimum_cart"] = amount_text(reward.minimum_cart_minor or None, currency)
    values["combines_with"] = [name for name, may in reward.combines_with.items() if may]
    return Typed.showing(values)


def read_new(form: Typed, kind: str) -> dict[str, Any]:
    """The settings of a new reward, as `loyalty.rewards.saving` takes and checks them."""
    pricing = form.text("pricing") if kind in AMOUNTS else "fixed"
    source = form.text("code_source") if kind in WITH_CODES else "made"
    fixed = dict(zip(_FIXED, (kind, pricing, source), strict=True))
    return fixed | read(form, kind, pricing)


def read(form: Typed, kind: str, pricing: str) -> dict[str, Any]:
    """All settings but those that stay as they were first chosen."""
    has_range = pricing == "per_point"
    is_product = kind == "free_product"
    classes = form.chosen("combines_with") if kind in WITH_CODES else []
    return {
        **{name: form.text(name) for name in _AS_TYPED},
        "points_min": form.text("points_min") if has_range else None,
        "points_max": form.text("points_max") if has_range else None,
        "amount": form.text("amount") if kind in AMOUNTS else "",
        "percentage": form.text("percentage") if kind == "percentage" else None,
        "product_id": form.text("product_id") if is_product else None,
        "variant_id": (form.text("variant_id") or None) if is_product else None,
        "minimum_cart": form.text("minimum_cart") if kind in WITH_MINIMUM else "",
        "tier_ids": form.chosen("tier_ids"),
        "combines_with": {name: True for name in CLASSES if name in classes},
        "is_active": form.has("is_active"),
    }
