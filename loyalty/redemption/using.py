"""Codes on orders: which redemption an order used, and what its refunds give back of the points.

The invariant: of a use as much has come back as its order's state calls for, or more: what came
back is not taken again, but for a cancellation that is none any more. Locks: balances, then
orders, then redemptions.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from math import floor
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.audit import SYSTEM
from loyalty.base.bulk import among
from loyalty.base.db import ring_after_commit
from loyalty.coupons.using import OrderWithCodes, note_uses
from loyalty.earning.removal import removal_of
from loyalty.ledger.books import Books
from loyalty.ledger.giving_back import give_back, list_owners
from loyalty.ledger.journal import Cause
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.identity import survivor_of
from loyalty.orders.sheets import CodeSheet, OrderSheet
from loyalty.orders.tables import OrderCode
from loyalty.redemption.issuing import note_redeemed
from loyalty.redemption.tables import Redemption
from loyalty.redemption.use_table import RedemptionUse

CANCELLED = "order_cancelled"
AFTER_RETURN, TWICE = "used_after_return", "used_twice"
"""Flags: the points were back already; another order uses the same code."""


@dataclass(slots=True)
class _Coded:
    """What the codes of some orders are: redemptions by code, uses by redemption and order."""

    redemptions: dict[str, Redemption]
    uses: dict[tuple[UUID, int], RedemptionUse] = field(default_factory=dict)


def find_spenders(
    session: Session, shop_id: int, order_ids: Collection[int], codes: Iterable[str]
) -> set[UUID]:
    """Whose books must be open for `settle_codes`: `codes` are told, others known of the orders."""
    known = select(OrderCode.code).where(
        OrderCode.shop_id == shop_id, among(OrderCode.order_id, order_ids)
    )
    wanted = {*codes, *session.scalars(known)} if order_ids else set(codes)
    if not wanted:
        return set()
    made = session.execute(
        select(Redemption.id, Redemption.member_id, Redemption.entry_id).where(
            Redemption.shop_id == shop_id, among(Redemption.code, wanted)
        )
    ).all()
    uses = select(RedemptionUse.entry_id).where(
        RedemptionUse.shop_id == shop_id,
        among(RedemptionUse.redemption_id, [row.id for row in made]),
    )
    entries = {row.entry_id for row in made} | (set(session.scalars(uses)) if made else set())
    members = {survivor_of(session, shop_id, row.member_id) for row in made}
    return members | list_owners(session, shop_id, entries)


def settle_codes(books: Books, sheets: Iterable[OrderSheet]) -> None:
    """Bring the redemptions and coupons whose codes these orders carry to what the orders say.

    The orders are stored, and the books of `find_spenders` open; nothing moves when nothing
    changed. Test orders use nothing.
    """
    coded = [sheet for sheet in sheets if sheet.codes and not sheet.is_test]
    if not coded:
        return
    known = _lock(books, coded)
    for sheet in sorted(coded, key=lambda sheet: (sheet.processed_at, sheet.order_id)):
        for code in sorted(sheet.codes.keys() & known.redemptions.keys()):
            _settle(books, known, known.redemptions[code], sheet)
    books.session.flush()
    others = (_others(sheet, known) for sheet in coded if sheet.is_paid)
    note_uses(books.session, books.shop_id, (order for order in others if order.codes))


def points_due(points: int, sheet: OrderSheet, code: CodeSheet) -> int:
    """How many of `points` the order's state calls back: by pieces gone of the discounted lines.

    Lines count with price × quantity; all points when the code makes none cheaper any more. With
    a code that never did (free shipping) only a cancellation calls anything back.
    """
    if sheet.cancelled_at is not None:
        return points
    if code.lines and not any(code.lines.values()):
        return points
    gone = removal_of(sheet, counts_money=False).by_line
    gross, removed = Fraction(0), Fraction(0)
    for line_id, amount_minor in code.lines.items():
        line = sheet.lines.get(line_id)
        if line is not None:
            away = line.gross_minor * gone.get(line_id, Fraction(0))
            # Pieces that are gone had the discount; what is left of such a line may have lost it.
            gross += line.gross_minor if amount_minor > 0 else away
            removed += away
    return floor(points * removed / gross) if gross else 0


def _lock(books: Books, coded: Collection[OrderSheet]) -> _Coded:
    session, shop_id = books.session, books.shop_id
    session.flush()
    found = session.scalars(
        select(Redemption)
        .where(
            Redemption.shop_id == shop_id,
            among(Redemption.code, {code for sheet in coded for code in sheet.codes}),
        )
        .order_by(Redemption.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    known = _Coded({redemption.code: redemption for redemption in found if redemption.code})
    if known.redemptions:
        uses = session.scalars(
            select(RedemptionUse)
            .where(
                RedemptionUse.shop_id == shop_id,
                among(RedemptionUse.order_id, [sheet.order_id for sheet in coded]),
            )
            .execution_options(populate_existing=True)
        )
        known.uses = {(use.redemption_id, use.order_id): use for use in uses}
    return known


def _others(sheet: OrderSheet, known: _Coded) -> OrderWithCodes:
    """The codes of an order that are no redemption's: coupons, or none of ours."""
    codes = tuple(sorted(sheet.codes.keys() - known.redemptions.keys()))
    return OrderWithCodes(sheet.order_id, sheet.name, sheet.processed_at, codes)


def _settle(books: Books, known: _Coded, redemption: Redemption, sheet: OrderSheet) -> None:
    use = known.uses.get((redemption.id, sheet.order_id))
    if use is None and sheet.is_paid:
        use = _use(books, redemption, sheet)
        known.uses[redemption.id, sheet.order_id] = use
    if use is not None:
        assert redemption.code is not None
        code = sheet.codes[redemption.code]
        _note_edit(use, code.amount_minor, books.now)
        due = points_due(use.points, sheet, code)
        if due > use.points_returned:
            _give_back(books, redemption, use, sheet, due)
        elif due < use.points_returned and sheet.is_paid and sheet.cancelled_at is None:
            _take_reopened(books, redemption, use, sheet, due)
    elif sheet.cancelled_at is not None and redemption.state in ("reserved", "issued"):
        _call_off(books, redemption)


def _use(books: Books, redemption: Redemption, sheet: OrderSheet) -> RedemptionUse:
    """A paid order carries the code: its points stay away, or are taken once more."""
    # Also one whose return was undone to disable its code: its points are back all the same.
    is_late = redemption.state in ("used", "returned") or redemption.points_returned > 0
    entry_id = _take_again(books, redemption, sheet) if is_late else redemption.entry_id
    assert redemption.code is not None
    use = RedemptionUse(
        shop_id=redemption.shop_id,
        redemption_id=redemption.id,
        order_id=sheet.order_id,
        entry_id=entry_id,
        points=redemption.points,
        points_returned=0,
        amount_minor=sheet.codes[redemption.code].amount_minor,
        edits=[],
        is_late=is_late,
        used_at=sheet.processed_at,
        recorded_at=books.now,
    )
    books.session.add(use)
    if redemption.state == "used":
        _flag(redemption, TWICE)
    else:
        if is_late:
            _flag(redemption, AFTER_RETURN)
        elif redemption.state == "reserved":
            # The order was faster than Shopify's answer to us.
            note_redeemed(books.session, redemption, books.now)
        _become_used(redemption, use)
    _note(books, redemption, timeline.REWARD_USED, sheet, is_late=is_late)
    return use


def _note_edit(use: RedemptionUse, amount_minor: int, now: datetime) -> None:
    """The code takes another amount off by now, or none: that counts from today, not from then."""
    known_minor = use.amount_minor + sum(edit["amount_minor"] for edit in use.edits)
    if amount_minor != known_minor:
        edit = {"recorded_at": now.isoformat(), "amount_minor": amount_minor - known_minor}
        use.edits = [*use.edits, edit]


def _become_used(redemption: Redemption, use: RedemptionUse) -> None:
    """The row tells of this use from now on: of its debit, and of what came back of that."""
    redemption.state = "used"
    redemption.order_id, redemption.entry_id = use.order_id, use.entry_id
    redemption.issued_at = redemption.issued_at or use.recorded_at
    redemption.used_at, redemption.points_returned = use.used_at, use.points_returned
    redemption.returning_at = redemption.returned_at = redemption.next_at = None
    redemption.reason = redemption.error = None


def _take_again(books: Books, redemption: Redemption, sheet: OrderSheet) -> UUID:
    cause = _cause(
        redemption,
        sheet,
        "redeem",
        f"redemption:{redemption.id}:late:{sheet.order_id}",
        occurred_at=sheet.processed_at,
    )
    owner_id = survivor_of(books.session, books.shop_id, redemption.member_id)
    entry = books.debit(owner_id, cause, points=redemption.points, may_go_negative=True)
    return entry.id


def _take_reopened(
    books: Books, redemption: Redemption, use: RedemptionUse, sheet: OrderSheet, due: int
) -> None:
    """The order was cancelled and is so no more: take again what came back for that alone."""
    points = min(use.points_returned - due, _cancelled_points(books, use))
    if not points:
        return
    # Each return of the redemption is counted: no two openings have one key.
    key = f"redemption:{redemption.id}:reopened:{sheet.order_id}:{redemption.returns}"
    cause = _cause(redemption, sheet, "redeem", key, occurred_at=books.now)
    owner_id = survivor_of(books.session, books.shop_id, redemption.member_id)
    use.entry_id = books.debit(owner_id, cause, points=points, may_go_negative=True).id
    use.points_returned -= points
    if redemption.state == "used":
        _flag(redemption, TWICE)
    else:
        _flag(redemption, AFTER_RETURN)
        _become_used(redemption, use)
    _note(books, redemption, timeline.REWARD_USED, sheet, is_late=True)


def _cancelled_points(books: Books, use: RedemptionUse) -> int:
    """What came back of the use's debit because its order was cancelled."""
    books.write_rows()
    points = books.session.scalar(
        select(func.coalesce(func.sum(LedgerEntry.points), 0)).where(
            LedgerEntry.shop_id == use.shop_id,
            LedgerEntry.reverses_id == use.entry_id,
            LedgerEntry.reason_code == CANCELLED,
        )
    )
    return int(points or 0)


def _give_back(
    books: Books, redemption: Redemption, use: RedemptionUse, sheet: OrderSheet, due: int
) -> None:
    """Give back what is due now and was not; the last of it makes the redemption returned."""
    reason = CANCELLED if sheet.cancelled_at is not None else "refunded"
    redemption.returns += 1
    cause = _cause(
        redemption,
        sheet,
        "redeem_reversal",
        f"redemption:{redemption.id}:return:{redemption.returns}",
        occurred_at=books.now,
        reason=reason,
    )
    points = due - use.points_returned
    give_back(books, use.entry_id, cause, points=points)
    use.points_returned = due
    if redemption.order_id == use.order_id:
        redemption.points_returned = due
        if due == redemption.points:
            redemption.state, redemption.reason = "returned", reason
            redemption.returned_at = books.now
    _note(books, redemption, timeline.REWARD_RETURNED, sheet, returned_points=points, reason=reason)


def _call_off(books: Books, redemption: Redemption) -> None:
    """The order was cancelled unpaid: the points come back once the code is dead."""
    redemption.state, redemption.reason = "returning", "order_cancelled"
    redemption.returning_at = redemption.next_at = books.now
    redemption.attempts, redemption.error = 0, None
    ring_after_commit(books.session, "redemptions", books.shop_id)


def _cause(
    redemption: Redemption,
    sheet: OrderSheet,
    kind: str,
    key: str,
    *,
    occurred_at: datetime,
    reason: str | None = None,
) -> Cause:
    # No order id: an order's entries are what it earned, and follow its customer at an unmerge;
    # what was redeemed stays with whoever redeemed it.
    return Cause(
        kind=kind,
        idempotency_key=key,
        source_kind="redemption",
        source_id=str(redemption.id),
        actor=str(SYSTEM),
        occurred_at=occurred_at,
        order_name=sheet.name,
        reason_code=reason,
    )


def _note(
    books: Books, redemption: Redemption, kind: str, sheet: OrderSheet, **details: object
) -> None:
    owner_id = survivor_of(books.session, books.shop_id, redemption.member_id)
    books.touch(owner_id)
    said = {name: value for name, value in details.items() if value}
    timeline.note_event(
        books.session,
        books.shop_id,
        owner_id,
        kind,
        books.now,
        reward=redemption.terms.get("name"),
        order_name=sheet.name,
        redemption_id=str(redemption.id),
        **said,
    )


def _flag(redemption: Redemption, flag: str) -> None:
    if flag not in redemption.flags:
        redemption.flags = [*redemption.flags, flag]
