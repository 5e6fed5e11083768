"""The words for what went wrong: pages that cannot be shown, imports that stopped."""

ERRORS = {
    401: ("Your session has ended", "Reload this page in Shopify admin to sign in again."),
    403: ("This page belongs to another shop", "Open Encore from the apps in your Shopify admin."),
    404: ("Page not found", "It may have been moved, or it never was part of your shop."),
    405: ("Page not found", "This address cannot be opened like that."),
    500: ("Something went wrong", "It is our fault, and we have been told. Please try again."),
}

_FAILURES = {
    "THROTTLED": "Shopify asked us to slow down. We go on by ourselves in a moment.",
    "ACCESS_DENIED": "Shopify did not allow us to read this. Open Encore again to accept its"
    " permissions.",
    "TIMEOUT": "Shopify did not answer in time. We try again by ourselves.",
    "INTERNAL_SERVER_ERROR": "Shopify had an error of its own. We try again by ourselves.",
}


def explain(error: str) -> str:
    """What went wrong in an import, in words a merchant can act on."""
    for code, words in _FAILURES.items():
        if code in error.upper():
            return words
    return f"Reading stopped: {error}"
