"""Store credit: a customer's accounts, and what moved on them."""

from __future__ import annotations

from typing import Any

from ...store.discounts import CreditAccount
from ...store.records import Customer
from ..context import Context
from ..registry import resolves
from ..values import money


@resolves("Customer", "storeCreditAccounts")
def store_credit(customer: Customer, context: Context, arguments: dict[str, Any]) -> Any:
    accounts = context.shop.all("StoreCreditAccount")
    return [account for account in accounts if account.customer_id == customer.id]


@resolves("StoreCreditAccount", "balance")
def balance(account: CreditAccount, context: Context, arguments: dict[str, Any]) -> Any:
    return money(account.balance, account.currency)


@resolves("StoreCreditAccount", "owner")
def credit_owner(account: CreditAccount, context: Context, arguments: dict[str, Any]) -> Any:
    return context.shop.find("Customer", account.customer_id)


@resolves("StoreCreditAccount", "transactions")
def transactions(account: CreditAccount, context: Context, arguments: dict[str, Any]) -> Any:
    return list(account.transactions)


for _kind in ("Credit", "Debit"):
    _name = f"StoreCreditAccount{_kind}Transaction"

    @resolves(_name, "amount")
    def transaction_amount(moved: Any, context: Context, arguments: dict[str, Any]) -> Any:
        return money(
            moved.amount, context.shop.find("StoreCreditAccount", moved.account_id).currency
        )

    @resolves(_name, "balanceAfterTransaction")
    def transaction_balance(moved: Any, context: Context, arguments: dict[str, Any]) -> Any:
        account = context.shop.find("StoreCreditAccount", moved.account_id)
        return money(moved.balance_after, account.currency)

    @resolves(_name, "account")
    def transaction_account(moved: Any, context: Context, arguments: dict[str, Any]) -> Any:
        return context.shop.find("StoreCreditAccount", moved.account_id)

    @resolves(_name, "event")
    def transaction_event(moved: Any, context: Context, arguments: dict[str, Any]) -> Any:
        return "ADJUSTMENT"
