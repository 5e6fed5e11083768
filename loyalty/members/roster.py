"""Customers of a batch: locked, told apart from what is new of them, and enrolled.

The invariant: what is stored is what `record_customer` stores one by one, by the same decisions.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.bulk import add_rows, among, update_rows
from loyalty.members.enrolment import (
    columns_of,
    copy_to_member,
    enrol_customer,
    is_news,
    tells_language,
)
from loyalty.members.facts import CustomerFacts
from loyalty.members.sheets import CustomerSheet
from loyalty.members.tables import Customer, Member
from loyalty.shops.tables import Shop

_TOLD = (
    "first_name", "last_name", "email", "phone", "address", "has_account", "has_verified_email",
    "email_norm", "shopify_updated_at", "customer_since", "locale",
)  # fmt: skip
_COLUMNS = ("customer_id", "member_id", "deleted_at", "redacted_at", *_TOLD)
_KEYS = ("shop_id", "customer_id")


class Roster:
    """The customers of one batch. Take facts, `write()`, then enrol."""

    def __init__(self, session: Session, shop: Shop, *, now: datetime, is_backfill: bool) -> None:
        self._session, self._shop, self._now = session, shop, now
        self._is_backfill = is_backfill
        self._sheets: dict[int, CustomerSheet] = {}
        self._news: set[int] = set()

    def lock(self, customer_ids: Iterable[int], told: Iterable[CustomerFacts] = ()) -> None:
        """Lock these customers in id order; those that are `told` and unknown are added."""
        wanted = set(customer_ids)
        first = {facts.customer_id: facts for facts in reversed(list(told))}
        self._lock(wanted | first.keys())
        new = [first[each] for each in sorted(first.keys() - self._sheets.keys())]
        if not new:
            return
        rows = [self._blank(facts) | columns_of(facts) for facts in new]
        added = add_rows(self._session, Customer, rows, "customer_id")
        for facts, row in zip(new, rows, strict=True):
            if facts.customer_id in added:
                self._news.add(facts.customer_id)
                self._sheets[facts.customer_id] = _sheet(row)
        # A till and a webhook can tell of the same new customer at once: the other was quicker.
        self._lock({facts.customer_id for facts in new} - added)

    def find(self, customer_id: int | None) -> CustomerSheet | None:
        """The customer, if we know them."""
        return self._sheets.get(customer_id) if customer_id is not None else None

    def take(self, facts: CustomerFacts) -> CustomerSheet:
        """Let the customer be what `facts` say, if they are news; they were locked as told."""
        sheet = self._sheets[facts.customer_id]
        if is_news(sheet, facts):
            for name, value in columns_of(facts).items():
                setattr(sheet, name, value)
            sheet.is_changed = True
            self._news.add(facts.customer_id)
        elif tells_language(sheet, facts):
            sheet.locale, sheet.is_changed = facts.locale, True
        return sheet

    def vouched(self, enrolled: Iterable[int]) -> set[str]:
        """The emails that Shopify has verified, of members of whom there was news, these included.

        Normalised; to be asked when all are enrolled.
        """
        sheets = (self._sheets[each] for each in self._news.union(enrolled))
        return {s.email_norm for s in sheets if s.member_id is not None and s.has_verified_email}

    def write(self) -> None:
        """Write what was taken, members' details with it."""
        changed = [sheet for sheet in self._sheets.values() if sheet.is_changed]
        if changed:
            rows = [_row(sheet, ("customer_id", *_TOLD)) for sheet in changed]
            update_rows(self._session, Customer, _KEYS, rows)
            self._forget(changed)
            self._copy_to_members([sheet for sheet in changed if sheet.member_id is not None])
        for sheet in changed:
            sheet.is_changed = False

    def enrol(self, sheet: CustomerSheet) -> None:
        """Make a member of the customer, if the programme takes them; after `write()`."""
        assert not sheet.is_changed
        key = self._shop.shop_id, sheet.customer_id
        customer = self._session.get_one(Customer, key, populate_existing=True)
        enrol_customer(
            self._session, self._shop, customer, now=self._now, is_backfill=self._is_backfill
        )
        sheet.member_id = customer.member_id

    def _lock(self, customer_ids: set[int]) -> None:
        if not customer_ids:
            return
        statement = (
            select(*(getattr(Customer, name) for name in _COLUMNS))
            .where(
                Customer.shop_id == self._shop.shop_id,
                among(Customer.customer_id, sorted(customer_ids)),
            )
            .order_by(Customer.customer_id)
            .with_for_update()
        )
        for row in self._session.execute(statement):
            self._sheets[row.customer_id] = _sheet(dict(row._mapping) | self._of_shop())

    def _blank(self, facts: CustomerFacts) -> dict[str, Any]:
        blank: dict[str, Any] = dict.fromkeys(_COLUMNS)
        return blank | self._of_shop() | {"customer_id": facts.customer_id}

    def _of_shop(self) -> dict[str, Any]:
        return {"shop_id": self._shop.shop_id}

    def _copy_to_members(self, sheets: list[CustomerSheet]) -> None:
        if not sheets:
            return
        # Held until they are used: the session itself would let go of them.
        members = self._session.scalars(
            select(Member).where(
                Member.shop_id == self._shop.shop_id,
                among(Member.id, {sheet.member_id for sheet in sheets}),
            )
        ).all()
        for sheet in sheets:
            copy_to_member(self._session, sheet, self._now)
        del members

    def _forget(self, sheets: list[CustomerSheet]) -> None:
        """What the session itself holds of them is read anew when it is asked for."""
        ids = {sheet.customer_id for sheet in sheets}
        for held in list(self._session.identity_map.values()):
            if isinstance(held, Customer) and held.customer_id in ids:
                self._session.expire(held)


def _sheet(row: dict[str, Any]) -> CustomerSheet:
    return CustomerSheet(**row)


def _row(sheet: CustomerSheet, names: tuple[str, ...]) -> dict[str, Any]:
    return {"shop_id": sheet.shop_id} | {name: getattr(sheet, name) for name in names}
