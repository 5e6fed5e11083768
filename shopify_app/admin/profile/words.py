"""The profile's words: types of transactions, why an order has its points, sources of details."""

from shopify_app.admin.languages import N_, Words

TRANSACTION_TYPES = Words(
    {
        "earned": N_("Earned"),
        "redeemed": N_("Redeemed"),
        "granted": N_("Granted"),
        "deducted": N_("Deducted"),
        "expired": N_("Expired"),
        "moved": N_("Moved"),
    }
)
STATES = Words(
    {
        "earned": N_("Earned"),
        "nobody's": N_("No member stood behind this order: it earned nothing."),
        "test": "A test order earns nothing.",
        "history": N_("An order from before Encore: it counts as spend and earns nothing."),
        "unpaid": N_("The order is not paid yet: it earns once it is."),
        "cancelled": N_("The order was cancelled: its points were taken back."),
        N_("waits for paused"): N_("The programme is paused: the order earns when it goes on."),
        N_("waits for product"): N_(
            "Encore waits for what Shopify says of a product in this order."
        ),
    }
)
ROUNDINGS = Words(
    {
        "floor": "rounded down",
        "half_up": N_("rounded to the nearest whole point"),
        "ceil": "rounded up",
    }
)
SOURCES = Words({"shopify": N_("From Shopify"), "local": N_("Changed in Encore")})
FIELD_LABELS = Words(
    {
        "first_name": N_("First name"),
        "last_name": N_("Last name"),
        "email": "Email",
        "phone": N_("Phone"),
    }
)
CONSENT_WORDS = {
    "subscribed": "yes",
    "asked": "ticked, not confirmed",
    "unsubscribed": "unsubscribed",
}
