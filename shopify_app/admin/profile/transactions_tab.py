"""The profile's tab Transactions: a batch of what moved points, in words. Reads only."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import g, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.ledger.tables import LedgerEntry
from loyalty.queries.transactions import TYPES, TransactionPage, TransactionRow, list_transactions
from shopify_app.admin.profile.movement_words import say_movement
from shopify_app.admin.profile.words import TRANSACTION_TYPES

TAB = "transactions"
BY_HAND = ("grant", "deduct")
"""The kinds of entries that staff undo by themselves."""
_BATCH = 25


@dataclass(frozen=True, slots=True)
class ShownTransaction:
    """A movement in words. `can_undo`: it was made by hand and stands."""

    row: TransactionRow
    type: str
    source: str
    can_undo: bool
    is_undone: bool


def asked_type() -> str | None:
    """The type that the address asks for; None for all, and for one that there is not."""
    wanted = request.args.get("type", "")
    return wanted if wanted in TYPES else None


def read_transactions(session: Session, member_id: UUID) -> dict[str, Any]:
    """A batch of the tab as the address asks for it. Raises MemberNotFound."""
    page = list_transactions(
        session,
        g.shop_id,
        member_id,
        of_type=asked_type(),
        after=request.args.get("after"),
        limit=_BATCH,
    )
    return {
        "transactions": _show(session, page),
        "transactions_next": page.next,
        "transaction_type": asked_type(),
        "transaction_types": TRANSACTION_TYPES,
    }


def _show(session: Session, page: TransactionPage) -> list[ShownTransaction]:
    ids = [row.id for row in page.rows]
    undone = _undone(session, ids)
    return [
        ShownTransaction(
            row=row,
            type=TRANSACTION_TYPES[row.type],
            source=say_movement(row.kind, row.reason_code),
            can_undo=(row.kind in BY_HAND and row.reason_code != "undone" and row.id not in undone),
            is_undone=row.id in undone,
        )
        for row in page.rows
    ]


def _undone(session: Session, ids: list[UUID]) -> set[UUID | None]:
    """Which of these were undone since; an order's points are reversed, which is no undo."""
    return set(
        session.scalars(
            select(LedgerEntry.reverses_id).where(
                LedgerEntry.shop_id == g.shop_id,
                LedgerEntry.reverses_id.is_not(None),
                among(LedgerEntry.reverses_id, ids),
                LedgerEntry.reason_code == "undone",
            )
        )
    )
