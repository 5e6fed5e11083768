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
        "test": N_("A test order earns nothing."),
        "history": N_("An order from before Encore: it counts as spend and earns nothing."),
        "unpaid": N_("The order is not paid yet: it earns once it is."),
        "cancelled": N_("The order was cancelled: its points were taken back."),
        "waits for paused": N_("The programme is paused: the order earns when it goes on."),
        "waits for product": N_("Encore waits for what Shopify says of a product in this order."),
    }
)
ROUNDINGS = Words(
    {
        "floor": N_("rounded down"),
        "half_up": N_("rounded to the nearest whole point"),
        "ceil": N_("rounded up"),
    }
)
SOURCES = Words({"shopify": N_("From Shopify"), "local": N_("Changed in Encore")})
FIELD_LABELS = Words(
    {
        "first_name": N_("First name"),
        "last_name": N_("Last name"),
        "email": N_("Email"),
        "phone": N_("Phone"),
    }
)
CONSENT_WORDS = {
    "subscribed": N_("yes"),
    "asked": N_("ticked, not confirmed"),
    "unsubscribed": N_("unsubscribed"),
}
