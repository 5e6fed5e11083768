"""The words for what went wrong: pages that cannot be shown, webhooks and imports that stopped."""

ERRORS = {
    403: ("This page belongs to another shop", "Open Encore from the apps in your Shopify admin."),
    404: ("Page not found", "It may have been moved, or it never was part of your shop."),
    405: ("Page not found", "This address cannot be opened like that."),
    503: ("Shopify did not answer", "Nothing is lost. Please reload this page in a moment."),
    500: ("Something went wrong", "It is our fault, and we have been told. Please try again."),
}
SUBJECTS = {
    "shop": "Shop details",
    "locations": "Locations",
    "customers": "Customers",
    "orders": "Orders",
}

_PARKED = {
    "ForeignCurrency": "the order is in another currency than your shop",
    "ShapeError": "Shopify sent it in a form that we do not know",
    "NoHandler": "Encore does not use this kind",
}
_IMPORTS = {
    "ACCESS_DENIED": "Shopify did not let us read this. Open Encore again to accept what it asks.",
    "THROTTLED": "Shopify asked us to slow down. We go on by ourselves in a moment.",
    "TIMEOUT": "Shopify did not answer in time. We try again by ourselves.",
    "NO TOKEN": "Encore has lost its access. Reload this page to connect again.",
    "TOKEN IS DEAD": "Encore has lost its access. Reload this page to connect again.",
}


def explain_parked(error: str | None) -> str:
    """Why a webhook waits for a person; an error of ours keeps its name, for our support."""
    if not error:
        return "no reason was recorded"
    name = error.split(":")[0]
    return _PARKED.get(name, f"an error of ours ({error})")


def explain_import(error: str | None) -> str:
    """What an import stumbled over, in words a merchant can act on; empty when over nothing."""
    if not error:
        return ""
    for mark, words in _IMPORTS.items():
        if mark in error.upper():
            return words
    return f"Shopify said: {error}"
