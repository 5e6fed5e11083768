"""Mutations of store credit: accounts of customers, one per currency, never overdrawn."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ...store.discounts import CreditAccount, CreditTransaction, DebitTransaction
from ...store.money import ZERO
from ..context import Context
from ..errors import refuse
from ..registry import resolves
from .helpers import moment

BALANCE_MAX = Decimal("100000")  # in any currency; Shopify's limit is one of 100,000 US dollars
CURRENCIES = ("AUD", "CAD", "CHF", "DKK", "EUR", "GBP", "JPY", "NOK", "NZD", "SEK", "USD")


@resolves("Mutation", "storeCreditAccountCredit")
def credit(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["creditInput"]
    _refuse_on_demand(context)
    amount, field = given["creditAmount"], ["creditInput", "creditAmount"]
    moved = _positive(amount, field, "credit")
    expires_at = moment(given.get("expiresAt"))
    if expires_at is not None and expires_at <= context.now:
        message = "The expiry date must be in the future"
        raise refuse(message, ["creditInput", "expiresAt"], "EXPIRES_AT_IN_PAST")
    account = _account(context, arguments["id"], amount["currencyCode"], field, may_create=True)
    if account.balance + moved > BALANCE_MAX:
        message = "The operation would cause the account's credit limit to be exceeded"
        raise refuse(message, [*field, "amount"], "CREDIT_LIMIT_EXCEEDED")
    account.balance += moved
    transaction = CreditTransaction(
        _next_id(context), account.id, moved, account.balance, context.now, expires_at
    )
    account.transactions.append(transaction)
    return {"storeCreditAccountTransaction": transaction}


@resolves("Mutation", "storeCreditAccountDebit")
def debit(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    amount, field = arguments["debitInput"]["debitAmount"], ["debitInput", "debitAmount"]
    moved = _positive(amount, field, "debit")
    account = _account(context, arguments["id"], amount["currencyCode"], field, may_create=False)
    if account.balance < moved:
        message = "The store credit account does not have sufficient funds"
        raise refuse(message, [*field, "amount"], "INSUFFICIENT_FUNDS")
    account.balance -= moved
    transaction = DebitTransaction(
        _next_id(context), account.id, -moved, account.balance, context.now
    )
    account.transactions.append(transaction)
    return {"storeCreditAccountTransaction": transaction}


def _refuse_on_demand(context: Context) -> None:
    fault = context.world.faults.take("credit", "refuse")
    if fault is not None:
        raise refuse(f"Refused on demand: {fault.code}", ["id"], fault.code)


def _next_id(context: Context) -> int:
    return context.shop.next_id("StoreCreditAccountTransaction")


def _positive(amount: dict[str, Any], field: list[str], verb: str) -> Decimal:
    moved = Decimal(str(amount["amount"]))
    if moved <= 0:
        message = f"A positive amount must be used to {verb} a store credit account"
        raise refuse(message, [*field, "amount"], "NEGATIVE_OR_ZERO_AMOUNT")
    if amount["currencyCode"] not in CURRENCIES:
        message = "Currency is not supported"
        raise refuse(message, [*field, "currencyCode"], "UNSUPPORTED_CURRENCY")
    return moved


def _account(
    context: Context, gid: str, currency: str, field: list[str], *, may_create: bool
) -> CreditAccount:
    """The account that a gid names, or a customer's in this currency, made at its first credit."""
    found = context.shop.find_gid(gid)
    if isinstance(found, CreditAccount):
        if found.currency != currency:
            message = "The currency provided does not match that of the store credit account"
            raise refuse(message, [*field, "currencyCode"], "MISMATCHING_CURRENCY")
        return found
    if found is None or found.typename != "Customer":
        is_owner = gid.startswith("gid://shopify/Customer/")
        code = "OWNER_NOT_FOUND" if is_owner and may_create else "ACCOUNT_NOT_FOUND"
        message = "Owner does not exist" if is_owner else "Store credit account does not exist"
        raise refuse(message, ["id"], code)
    for account in context.shop.all("StoreCreditAccount"):
        if (account.customer_id, account.currency) == (found.id, currency):
            return account
    if not may_create:
        raise refuse("Store credit account does not exist", ["id"], "ACCOUNT_NOT_FOUND")
    new_id = context.shop.next_id("StoreCreditAccount")
    account = CreditAccount(new_id, found.id, currency, ZERO)
    context.shop.add(account)
    return account
