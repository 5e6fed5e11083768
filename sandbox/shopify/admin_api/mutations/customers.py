"""Mutations of customers: fields, tags, consents, merge, store credit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ...changes import customers as changes
from ...store.discounts import CreditAccount, CreditTransaction
from ...store.money import ZERO
from ...store.records import Consent
from ..context import Context
from ..errors import refuse
from ..registry import resolves
from .helpers import moment, telling, wanted
from .metafields import set_all

_FIELDS = {
    "firstName": "first_name",
    "lastName": "last_name",
    "email": "email",
    "phone": "phone",
    "note": "note",
    "locale": "locale",
    "tags": "tags",
    "taxExempt": "tax_exempt",
}


@resolves("Mutation", "customerCreate")
def customer_create(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["input"]
    with telling():
        customer = changes.create_customer(
            context.world, context.shop, {**_plain(given), **_consents(given)}
        )
    _write_metafields(context, customer, given)
    return {"customer": customer}


@resolves("Mutation", "customerUpdate")
def customer_update(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["input"]
    customer = wanted(context, given.get("id", "gid://shopify/Customer/0"), "Customer")
    if "emailMarketingConsent" in given:
        message = (
            "To update emailMarketingConsent, please use the customerEmailMarketingConsentUpdate"
        )
        raise refuse(f"{message} Mutation instead", ["emailMarketingConsent"])
    with telling():
        changes.update_customer(context.world, context.shop, customer, _plain(given))
    _write_metafields(context, customer, given)
    return {"customer": customer}


@resolves("Mutation", "customerDelete")
def customer_delete(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    gid = arguments["input"]["id"]
    found = context.shop.find_gid(gid)
    if found is None or found.typename != "Customer":
        error = {"field": ["id"], "message": "Customer can't be found"}
        return {"shop": context.shop, "userErrors": [error]}
    with telling():
        changes.delete_customer(context.world, context.shop, found)
    return {"deletedCustomerId": gid, "shop": context.shop}


@resolves("Mutation", "tagsAdd")
def tags_add(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    node = _tagged(context, arguments, "tagsAdd")
    changes.add_tags(context.world, context.shop, node, _split(arguments["tags"]))
    return {"node": node}


@resolves("Mutation", "tagsRemove")
def tags_remove(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    node = _tagged(context, arguments, "tagsRemove")
    changes.remove_tags(context.world, context.shop, node, _split(arguments["tags"]))
    return {"node": node}


@resolves("Mutation", "customerEmailMarketingConsentUpdate")
def email_consent(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["input"]
    field = ["input", "customerId"]
    customer = wanted(context, given["customerId"], "Customer", field)
    consent = _consent(given["emailMarketingConsent"])
    if consent.state not in ("subscribed", "unsubscribed", "pending"):
        message = f"Cannot specify {consent.state.upper()} as a marketing state input"
        raise refuse(message, ["input", "emailMarketingConsent", "marketingState"], "INVALID")
    with telling(code="INVALID"):
        changes.set_email_consent(context.world, context.shop, customer, consent)
    return {"customer": customer}


@resolves("Mutation", "customerSmsMarketingConsentUpdate")
def sms_consent(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["input"]
    field = ["input", "customerId"]
    customer = wanted(context, given["customerId"], "Customer", field)
    consent = _consent(given["smsMarketingConsent"])
    with telling(code="INVALID"):
        changes.set_sms_consent(context.world, context.shop, customer, consent)
    return {"customer": customer}


@resolves("Mutation", "customerMerge")
def customer_merge(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    """The second customer is kept, as Shopify does without overrides."""
    gone = wanted(context, arguments["customerOneId"], "Customer", ["customerOneId"])
    kept = wanted(context, arguments["customerTwoId"], "Customer", ["customerTwoId"])
    if gone is kept:
        raise refuse("Customers IDs should not match.", None, "INVALID_CUSTOMER_ID")
    changes.merge_customers(context.world, context.shop, kept, gone)
    job = {"__typename": "Job", "id": f"gid://shopify/Job/{gone.id}", "done": True}
    return {"resultingCustomerId": kept.gid, "job": job}


@resolves("Mutation", "storeCreditAccountCredit")
def credit(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["creditInput"]
    return _move(context, arguments["id"], given["creditAmount"], given.get("expiresAt"), sign=1)


@resolves("Mutation", "storeCreditAccountDebit")
def debit(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    return _move(context, arguments["id"], arguments["debitInput"]["debitAmount"], None, sign=-1)


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    return {own: given[name] for name, own in _FIELDS.items() if name in given}


def _consents(given: dict[str, Any]) -> dict[str, Any]:
    pairs = (("emailMarketingConsent", "email_consent"), ("smsMarketingConsent", "sms_consent"))
    return {own: _consent(given[name]) for name, own in pairs if given.get(name)}


def _consent(given: dict[str, Any]) -> Consent:
    level = given.get("marketingOptInLevel")
    return Consent(
        state=given["marketingState"].lower(),
        opt_in_level=level.lower() if level else "single_opt_in",
        updated_at=moment(given.get("consentUpdatedAt")),
        collected_from="other",
    )


def _write_metafields(context: Context, customer: Any, given: dict[str, Any]) -> None:
    inputs = [{"ownerId": customer.gid, **field} for field in given.get("metafields") or ()]
    if inputs:
        set_all(context, inputs)


def _tagged(context: Context, arguments: dict[str, Any], mutation: str) -> Any:
    """The record to tag; the scope depends on what it is."""
    node = context.shop.find_gid(arguments["id"])
    if node is None or not hasattr(node, "tags"):
        raise refuse("invalid id", ["id"])
    context.require(f"write_{node.typename.lower()}s", mutation)
    return node


def _split(tags: list[str]) -> list[str]:
    return [part for tag in tags for part in tag.split(",")]


def _move(
    context: Context, gid: str, amount: dict[str, Any], expires_at: str | None, *, sign: int
) -> Any:
    """Move store credit; a customer's account comes into being with its first credit."""
    moved = Decimal(amount["amount"])
    if moved <= 0:
        message = "A positive amount must be used"
        code = "NEGATIVE_OR_ZERO_AMOUNT"
        raise refuse(message, ["amount"], code)
    account = _account(context, gid, amount["currencyCode"], may_create=sign > 0)
    if account.balance + sign * moved < 0:
        raise refuse("Insufficient funds", ["amount"], "INSUFFICIENT_FUNDS")
    account.balance += sign * moved
    transaction = CreditTransaction(
        context.shop.next_id("StoreCreditAccountTransaction"),
        account.id,
        sign * moved,
        account.balance,
        context.now,
        moment(expires_at),
    )
    account.transactions.append(transaction)
    return {"storeCreditAccountTransaction": transaction}


def _account(context: Context, gid: str, currency: str, *, may_create: bool) -> CreditAccount:
    found = context.shop.find_gid(gid)
    if isinstance(found, CreditAccount):
        return found
    if found is None or found.typename != "Customer":
        raise refuse("Store credit account not found", ["id"], "ACCOUNT_NOT_FOUND")
    for account in context.shop.all("StoreCreditAccount"):
        if (account.customer_id, account.currency) == (found.id, currency):
            return account
    if not may_create:
        raise refuse("Store credit account not found", ["id"], "ACCOUNT_NOT_FOUND")
    new_id = context.shop.next_id("StoreCreditAccount")
    account = CreditAccount(new_id, found.id, currency, ZERO)
    context.shop.add(account)
    return account
