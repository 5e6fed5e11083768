"""Shopify's customer of an email or phone: looked up first, made only when there is none.

Made twice is impossible: Shopify refuses a taken email or phone, and then the look-up finds it.
"""

from datetime import datetime
from typing import Any

from loyalty.base.errors import BadContact
from loyalty.members.contact import Contact
from loyalty.members.facts import CustomerFacts
from shopify_app.platform import bulk_rows, client
from shopify_app.platform.errors import ShapeError, UserErrors
from shopify_app.platform.payloads.reading import moment, object_at, objects_at

_PATIENCE = {"attempts_max": 2, "answer_s": 5.0}
"""Someone stands at the till and waits; the till itself sends the request again."""
_FIELDS = {"firstName": "name", "lastName": "name", "email": "contact", "phone": "contact"}


def find_or_create(
    shop_id: int, contact: Contact, *, first_name: str, last_name: str | None
) -> CustomerFacts:
    """The customer whom Shopify knows by `contact`, made with what was typed if there is none.

    Raises BadContact with Shopify's own words when it takes neither, ShopifyError. Not to be
    called inside a transaction.
    """
    known = find(shop_id, contact)
    if known is not None:
        return known
    given = {"firstName": first_name, "lastName": last_name}
    given |= {"email": contact.email, "phone": contact.phone}
    try:
        return _create(shop_id, {name: text for name, text in given.items() if text})
    except UserErrors as refusal:
        # Somebody else may have made them meanwhile, at another till or in the online store.
        known = find(shop_id, contact)
        if known is None:
            raise _in_words(refusal) from refusal
        return known


def find(shop_id: int, contact: Contact) -> CustomerFacts | None:
    """The customer of this email or phone. Unlike a search, Shopify answers this up to date."""
    if contact.email:
        identifier = {"emailAddress": contact.email}
    else:
        identifier = {"phoneNumber": contact.phone or ""}
    data = client.execute(
        shop_id, "customer_by_identifier", {"identifier": identifier}, **_PATIENCE
    )
    node = data.get("customerByIdentifier")
    return _facts(node) if node is not None else None


def count_orders_before(shop_id: int, customer_id: int, at: datetime) -> int:
    """How many orders Shopify counts from before `at`, however old; 0 for a customer who is gone.

    Shopify counts all, and shows the newest: what was placed since then is taken off. What has
    reached us is not asked, for an order may be on its way.
    """
    identifier = {"id": f"gid://shopify/Customer/{customer_id}"}
    node = client.execute(shop_id, "customer_orders", identifier, **_PATIENCE).get("customer")
    if not isinstance(node, dict):
        return 0
    newest = objects_at(object_at(node, "orders"), "nodes")
    since = sum(moment(order, "createdAt") >= at for order in newest)
    # An unsigned 64-bit number travels as text.
    return max(0, int(str(node.get("numberOfOrders") or 0)) - since)


def _create(shop_id: int, given: dict[str, str]) -> CustomerFacts:
    data = client.execute(shop_id, "customer_create", {"input": given}, **_PATIENCE)
    answer = data.get("customerCreate")
    return _facts(answer.get("customer") if isinstance(answer, dict) else None)


def _facts(node: Any) -> CustomerFacts:
    if not isinstance(node, dict):
        raise ShapeError("customer")
    return bulk_rows.read_customer(node)[0]


def _in_words(refusal: UserErrors) -> BadContact:
    """The first error that belongs to a field of the form, in Shopify's words."""
    for error in refusal.errors:
        path = error.get("field") or []
        if path and path[-1] in _FIELDS:
            return BadContact(_FIELDS[path[-1]], str(error.get("message")))
    words = "; ".join(str(error.get("message")) for error in refusal.errors)
    return BadContact("contact", words)
