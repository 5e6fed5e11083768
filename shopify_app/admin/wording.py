"""The words for what went wrong or waits: pages, webhooks, imports, permissions, requests."""

ERRORS = {
    403: ("This page belongs to another shop", "Open Encore from the apps in your Shopify admin."),
    404: ("Page not found", "It may have been moved, or it never was part of your shop."),
    405: ("Page not found", "This address cannot be opened like that."),
    503: ("Shopify did not answer", "Nothing is lost. Please reload this page in a moment."),
    500: ("Something went wrong", "It is our fault, and we have been told. Please try again."),
}
VANISHED = "This member was archived, merged or erased meanwhile. Nothing was changed."
GONE = "This is no longer there. Reload the page."
SUBJECTS = {
    "shop": "Shop details",
    "locations": "Locations",
    "collections": "Collections",
    "products": "Products",
    "customers": "Customers",
    "orders": "Orders",
}

DATA_REQUESTS = {
    "customers/data_request": "Show what is held",
    "customers/redact": "Erase a customer",
    "shop/redact": "Erase the shop",
    "member/erase": "Erase a member, who asked for it",
}
DATA_REQUEST_STATES = {
    "open": ("Waiting", "info", "Encore works on it by itself, within minutes."),
    "checking": ("Erased", "success", "Passes are void. Last traces go within two weeks."),
    "done": ("Done", "success", ""),
    "refused": ("Not carried out", "warning", "The shop has installed Encore again."),
    "withdrawn": ("Taken back", "info", "The member changed their mind within the seven days."),
}
ERASURE_NOTICE = "The member can take it back for seven days. Then Encore does it by itself."
ERASES_ON = "To be erased on {}"
ERASURE_OVER = "The request has ended meanwhile. Reload the page."
ERASURE_CANCELLED = "The member stays"
DATA_REQUEST_STUCK = ("Delayed", "critical", "It has failed so far. Encore tries again by itself.")
URGENT = "The law leaves 30 days. If a request does not move, tell our support."
LOST = (
    "Since {since} Encore cannot ask Shopify for anything. Orders still arrive and count. "
    "Reload this page to connect again; if that does not help, use the button."
)
HEALED = (
    "From {since} to {until} Encore could not ask Shopify for anything. "
    "Orders arrived and counted all the same, and what waited goes on now."
)
SCOPES = {
    "read_orders": "without it no order earns points",
    "read_customers": "without it nobody becomes a member",
    "write_customers": "without it nobody can join at the till",
    "read_products": "without it orders do not say what was bought",
    "read_locations": "without it your places do not stand on the card",
    "read_customer_merge": "without it Encore does not hear of merged customers",
}
SCOPE_UNNAMED = "Encore needs it to work"

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
