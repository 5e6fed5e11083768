"""The words for what went wrong or waits: pages, webhooks, imports, permissions, requests."""

from shopify_app.admin.languages import N_, _

ERRORS = {
    403: (
        N_("This page belongs to another shop"),
        N_("Open Encore from the apps in your Shopify admin."),
    ),
    404: (N_("Page not found"), N_("It may have been moved, or it never was part of your shop.")),
    405: (N_("Page not found"), N_("This address cannot be opened like that.")),
    503: (
        N_("Shopify did not answer"),
        N_("Nothing is lost. Please reload this page in a moment."),
    ),
    500: (
        N_("Something went wrong"),
        N_("It is our fault, and we have been told. Please try again."),
    ),
}
VANISHED = N_("This member was archived, merged or erased meanwhile. Nothing was changed.")
GONE = N_("This is no longer there. Reload the page.")
SUBJECTS = {
    "shop": N_("Shop details"),
    "locations": N_("Locations"),
    "collections": N_("Collections"),
    "products": N_("Products"),
    "customers": N_("Customers"),
    "orders": N_("Orders"),
}

DATA_REQUESTS = {
    "customers/data_request": N_("Show what is held"),
    "customers/redact": N_("Erase a customer"),
    "shop/redact": N_("Erase the shop"),
    "member/erase": N_("Erase a member"),
}
DATA_REQUEST_STATES = {
    "open": (N_("Waiting"), "info", N_("Encore works on it by itself, within minutes.")),
    "checking": (N_("Erased"), "success", N_("Passes are void. Last traces go within two weeks.")),
    "done": (N_("Done"), "success", ""),
    "refused": (N_("Not carried out"), "warning", N_("The shop has installed Encore again.")),
    "withdrawn": (
        N_("Taken back"),
        "info",
        N_("It was taken back within the seven days."),
    ),
}
ERASURE_NOTICE = N_(
    "The member and your staff can take it back for seven days. Then Encore does it by itself."
)
ERASES_ON = N_("To be erased on %(day)s")
ERASURE_OVER = N_("The request has ended meanwhile. Reload the page.")
ERASURE_CANCELLED = N_("The member stays")
DATA_REQUEST_STUCK = (
    N_("Delayed"),
    "critical",
    N_("It has failed so far. Encore tries again by itself."),
)
URGENT = N_("The law leaves 30 days. If a request does not move, tell our support.")
LOST = N_(
    "Since %(since)s Encore cannot ask Shopify for anything. Orders still arrive and count. "
    "Reload this page to connect again; if that does not help, use the button."
)
HEALED = N_(
    "From %(since)s to %(until)s Encore could not ask Shopify for anything. "
    "Orders arrived and counted all the same, and what waited goes on now."
)
SCOPES = {
    "read_orders": N_("without it no order earns points"),
    "read_customers": N_("without it nobody becomes a member"),
    "write_customers": N_("without it nobody can join at the till"),
    "read_products": N_("without it orders do not say what was bought"),
    "read_locations": N_("without it your places do not stand on the card"),
    "read_customer_merge": N_("without it Encore does not hear of merged customers"),
}
SCOPE_UNNAMED = N_("Encore needs it to work")

_PARKED = {
    "ForeignCurrency": N_("the order is in another currency than your shop"),
    "ShapeError": N_("Shopify sent it in a form that we do not know"),
    "NoHandler": N_("Encore does not use this kind"),
}
_IMPORTS = {
    "ACCESS_DENIED": N_(
        "Shopify did not let us read this. Open Encore again to accept what it asks."
    ),
    "THROTTLED": N_("Shopify asked us to slow down. We go on by ourselves in a moment."),
    "TIMEOUT": N_("Shopify did not answer in time. We try again by ourselves."),
    "NO TOKEN": N_("Encore has lost its access. Reload this page to connect again."),
    "TOKEN IS DEAD": N_("Encore has lost its access. Reload this page to connect again."),
}


def script_words() -> dict[str, str]:
    """What encore.js says; it fills in what stands in braces."""
    now = {"balance": "{balance}", "after": "{after}"}
    return {
        "balance": _("Balance now: %(balance)s", balance="{balance}"),
        "after": _("Balance now: %(balance)s. After: %(after)s", **now),
        "tooMuch": _("Balance now: %(balance)s. After: %(after)s, more than the member has", **now),
        "ended": _("Your session has ended. Reload the page."),
        "failed": _("Something went wrong. Please try again."),
        "offline": _("No connection. Please try again."),
        "noFile": _("The file is no longer there. Reload the page."),
        "selected": _("%(count)s selected", count="{count}"),
        "every": _("All who match"),
    }


def explain_parked(error: str | None) -> str:
    """Why a webhook waits for a person; an error of ours keeps its name, for our support."""
    if not error:
        return _("no reason was recorded")
    known = _PARKED.get(error.split(":")[0])
    return _(known) if known else _("an error of ours (%(error)s)", error=error)


def explain_import(error: str | None) -> str:
    """What an import stumbled over, in words a merchant can act on; empty when over nothing."""
    if not error:
        return ""
    for mark, words in _IMPORTS.items():
        if mark in error.upper():
            return _(words)
    return _("Shopify said: %(error)s", error=error)
