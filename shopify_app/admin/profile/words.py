"""The profile's words: types of transactions, why an order has its points, sources of details."""

TRANSACTION_TYPES = {
    "earned": "Earned",
    "redeemed": "Redeemed",
    "granted": "Granted",
    "deducted": "Deducted",
    "expired": "Expired",
    "moved": "Moved",
}
STATES = {
    "earned": "Earned",
    "nobody's": "No member stood behind this order: it earned nothing.",
    "test": "A test order earns nothing.",
    "history": "An order from before Encore: it counts as spend and earns nothing.",
    "unpaid": "The order is not paid yet: it earns once it is.",
    "cancelled": "The order was cancelled: its points were taken back.",
    "waits for paused": "The programme is paused: the order earns when it goes on.",
    "waits for product": "Encore waits for what Shopify says of a product in this order.",
}
ROUNDINGS = {
    "floor": "rounded down",
    "half_up": "rounded to the nearest whole point",
    "ceil": "rounded up",
}
SOURCES = {"shopify": "From Shopify", "local": "Changed in Encore"}
FIELD_LABELS = {
    "first_name": "First name",
    "last_name": "Last name",
    "email": "Email",
    "phone": "Phone",
}
CONSENT_WORDS = {
    "subscribed": "yes",
    "asked": "ticked, not confirmed",
    "unsubscribed": "unsubscribed",
}
