"""What the programme's forms call a setting, for sentences that stand away from its field."""

from shopify_app.admin.languages import N_, Words

_FIELDS = Words(
    {
        "name": N_("Name"),
        "gives": N_("Gives"),
        "points_per_unit": N_("Points for the amount"),
        "fixed_points": N_("Points"),
        "friend_points": N_("Points for the friend"),
        "rounding": N_("Parts of a point are rounded"),
        "multiplier": N_("Points are multiplied by"),
        "starts_on": N_("First day"),
        "ends_on": N_("Last day"),
        "priority": N_("Priority"),
        "check_in": N_("A member earns it"),
        "minimum_minor": N_("Orders from"),
        "first_order": N_("The member’s first order alone"),
        "collections": N_("Products of any of these collections"),
        "products": N_("Products"),
        "tags": N_("Products with any of these tags"),
        "channels": N_("Orders by any of these ways"),
        "locations": N_("Orders at any of these locations"),
        "conditions": N_("Conditions"),
        "limits": N_("Limits"),
        "amount": N_("Worth"),
        "percentage": N_("Percentage off"),
        "product_id": N_("Product"),
        "variant_id": N_("Variant"),
        "cost_points": N_("Points"),
        "points_min": N_("At least so many points"),
        "points_max": N_("At most so many points"),
        "visibility": N_("Offered"),
        "limit_per_member": N_("Times per member"),
        "limit_period": N_("Counted"),
        "minimum_cart": N_("Orders from"),
        "validity_days": N_("A code is good for so many days"),
        "combines_with": N_("Can be used together with"),
    }
)


def field_words(name: str) -> str:
    """`conditions.tags` as “Products with any of these tags”; what no form has by its own name."""
    place = name.rpartition(".")[2]
    return _FIELDS[place] if place in _FIELDS else place.replace("_", " ").capitalize()
