"""When points of an order become free: by the hold that was in force when they were first given.

The invariant: a hold once begun is changed by no setting, and ends with the payment's news alone.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from loyalty.earning.sheets import AwardSheet
from loyalty.ledger.books import Books
from loyalty.ledger.shelf import OpenLot
from loyalty.ledger.tables import LedgerEntry
from loyalty.orders.sheets import OrderSheet


def key_of(sheet: OrderSheet, rule_id: str, version: int) -> str:
    """The idempotency key of the entry that the order and rule write as their `version`-th."""
    return f"order:{sheet.order_id}:rule:{rule_id}:v{version}"


def free_at(
    sheet: OrderSheet, gaining: Iterable[AwardSheet], books: Books, hold_days: int
) -> datetime | None:
    """When what the awards gain together is free, as the last of them; None: at once.

    What stands again is held as it was before; only what is new asks for today's `hold_days`.
    """
    ends = [_end(sheet, award, books, timedelta(days=hold_days)) for award in gaining]
    return max((end for end in ends if end is not None), default=None)


def bring_forward(sheet: OrderSheet, books: Books, by: timedelta) -> None:
    """End the holds that run from the payment so much earlier; those on later pieces stay."""
    lots = [
        lot
        for lot in books.shelf.lots_of_entries([e.id for e in _credits(sheet, sheet.posted, books)])
        if lot.released_at is None and lot.member_id == sheet.member_id
    ]
    from_payment = _first_lots(sheet, books, are_added=False)
    added = {lot.id for lot in _first_lots(sheet, books, are_added=True)}
    ends = {lot.available_at for lot in from_payment if lot.id not in added}
    for lot in lots:
        if lot.id not in added and lot.available_at in ends:
            books.bring_forward(lot, by)


def _end(sheet: OrderSheet, award: AwardSheet, books: Books, hold: timedelta) -> datetime | None:
    first = _first_lot(sheet, award, books)
    if first is not None:
        return first.available_at
    return (award.added_at or sheet.counts_from) + hold if hold else None


def _first_lots(sheet: OrderSheet, books: Books, *, are_added: bool) -> list[OpenLot]:
    firsts = [
        _first_lot(sheet, award, books)
        for award in sheet.awards
        if (award.added_at is not None) == are_added
    ]
    return [lot for lot in firsts if lot is not None]


def _first_lot(sheet: OrderSheet, award: AwardSheet, books: Books) -> OpenLot | None:
    """The lot that the award was first given as; None while it was never given."""
    rule_id = str(award.rule_id)
    given = [e for e in _credits(sheet, [rule_id], books) if e.posted_at >= award.awarded_at]
    # Those that were made at one moment were given one after another.
    before = sum(
        other.number < award.number
        for other in sheet.awards
        if (other.rule_id, other.awarded_at) == (award.rule_id, award.awarded_at)
    )
    lots = books.shelf.lots_of_entries([entry.id for entry in given[before : before + 1]])
    return lots[0] if lots else None


def _credits(sheet: OrderSheet, rule_ids: Iterable[str], books: Books) -> list[LedgerEntry]:
    """What the order gave by these rules, oldest first by rule."""
    keys = [
        key_of(sheet, rule_id, version)
        for rule_id in rule_ids
        for version in range(1, 1 + sheet.posted.get(rule_id, 0))
    ]
    return [entry for entry in books.journal.list_posted(keys) if entry.points > 0]
