"""Codes that somebody deleted or ended in Shopify: made by us or imported, of rewards and coupons.

The invariant: a member never has neither points nor code for long; nor is a coupon's dead code
shown as good. Of made coupons' codes see coupon_states.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from loyalty.audit import SYSTEM
from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import ring_after_commit, shop_transaction
from loyalty.base.errors import NotReturnable
from loyalty.coupons import living
from loyalty.reconciliation import recording
from loyalty.redemption import returning
from loyalty.redemption.points import lock_with_points
from loyalty.redemption.tables import Redemption
from loyalty.shops.directory import get_shop
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform import client

log = structlog.get_logger()

AT_ONCE_MAX = 100
REASON = "deleted_in_shopify"
_TURN_S = 30.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Where the mark of what was looked at to its end stands until all of it was.
_THROUGH = datetime(9999, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_TICKS_PER_MS = 4096  # see loyalty/base/ids.py


@dataclass(frozen=True, slots=True)
class _Issued:
    """`name`: the gid of its discount, or the code where that is not known."""

    id: UUID
    name: str


def run(shop_id: int) -> None:
    """Look at the codes that can still be used; what takes longer than a turn goes on in the next.

    Raises ShopifyError. Commits.
    """
    if not look(shop_id, for_s=_TURN_S):
        with shop_transaction(shop_id) as session:
            runs.ask_for_codes(session, shop_id, now=utc_now())


def look(shop_id: int, *, for_s: float = 3_600) -> bool:
    """Look on from where the last turn ended; whether `for_s` was enough for all. Commits."""
    ends_at, started_at = time.monotonic() + for_s, utc_now()
    looked_at = found = 0
    is_through = True
    for kind in _KINDS:
        for batch in _batches(shop_id, kind, started_at):
            dead = list(kind.list_dead(shop_id, batch))
            found += sum(kind.take_back(shop_id, one.id, is_deleted=gone) for one, gone in dead)
            looked_at += len(batch)
            _set_mark(shop_id, kind, _made_at(batch[-1].id))
            is_through = time.monotonic() <= ends_at
            if not is_through:
                break
        if not is_through:
            break
        _set_mark(shop_id, kind, _THROUGH)
    with shop_transaction(shop_id) as session:
        for kind in _KINDS if is_through else ():
            recording.set_mark(session, shop_id, kind.subject, _EPOCH)
        recording.report(
            session,
            shop_id,
            "codes",
            looked_at=looked_at,
            found=found,
            started_at=started_at,
            now=utc_now(),
        )
    return is_through


@dataclass(frozen=True, slots=True)
class _Kind:
    """Codes of one kind. `subject`: of the mark that says how far the look has come."""

    subject: str
    list_next: Callable[[int, UUID, datetime], Sequence[_Issued]]
    list_dead: Callable[[int, Sequence[_Issued]], Iterator[tuple[_Issued, bool]]]
    take_back: Callable[..., bool]


def _batches(shop_id: int, kind: _Kind, now: datetime) -> Iterator[Sequence[_Issued]]:
    with shop_transaction(shop_id) as session:
        after = _first_id(recording.seen_until(session, shop_id, kind.subject) or _EPOCH)
    while batch := kind.list_next(shop_id, after, now):
        yield batch
        after = batch[-1].id


def _set_mark(shop_id: int, kind: _Kind, at: datetime) -> None:
    with shop_transaction(shop_id) as session:
        recording.set_mark(session, shop_id, kind.subject, at)


def _first_id(at: datetime) -> UUID:
    """The smallest id that can have been given at this time: ours begin with it, to the µs."""
    ticks = -(-((at - _EPOCH) // _US) * _TICKS_PER_MS // 1_000)
    ms, fraction = divmod(ticks, _TICKS_PER_MS)
    return UUID(int=ms << 80 | fraction << 64 | (7 << 76 if ticks else 0))


def _made_at(id_: UUID) -> datetime:
    fraction = (id_.int >> 64 & 0xFFF) * 1_000 // _TICKS_PER_MS
    return _EPOCH + (id_.int >> 80) * timedelta(milliseconds=1) + fraction * _US


def _list_made(shop_id: int, after: UUID, now: datetime) -> Sequence[_Issued]:
    """The next codes of discounts of our own whose time is not over."""
    has_discount = Redemption.discount_gid.is_not(None)
    return _list_issued(shop_id, after, now, Redemption.discount_gid, has_discount)


def _list_stock(shop_id: int, after: UUID, now: datetime) -> Sequence[_Issued]:
    """The next imported codes: their discount is somebody else's, so each is asked for."""
    return _list_issued(shop_id, after, now, Redemption.code, Redemption.discount_gid.is_(None))


def _list_issued(
    shop_id: int,
    after: UUID,
    now: datetime,
    name: InstrumentedAttribute[str | None],
    chosen: ColumnElement[bool],
) -> Sequence[_Issued]:
    statement = select(Redemption.id, name).where(
        Redemption.shop_id == shop_id,
        Redemption.id > after,
        Redemption.state == "issued",
        chosen,
        name.is_not(None),
        Redemption.issued_at < now,
        Redemption.expires_at.is_(None) | (Redemption.expires_at > now),
    )
    with shop_transaction(shop_id) as session:
        rows = session.execute(statement.order_by(Redemption.id).limit(AT_ONCE_MAX)).all()
    return [_Issued(id_, str(value)) for id_, value in rows]


def _list_imported(shop_id: int, after: UUID, now: datetime) -> Sequence[_Issued]:
    """The next imported codes of coupons that members hold."""
    with shop_transaction(shop_id) as session:
        today = day_in(get_shop(session, shop_id).timezone, now)
        held = living.list_imported(
            session, shop_id, today, after=after, given_before=now, limit=AT_ONCE_MAX
        )
        return [_Issued(code.id, code.code) for code in held]


def _dead_made(shop_id: int, batch: Sequence[_Issued]) -> Iterator[tuple[_Issued, bool]]:
    """Those that work no more, each with whether its discount is deleted."""
    ids = [one.name for one in batch]
    nodes = client.execute(shop_id, "discount_states", {"ids": ids})["nodes"]
    for one, node in zip(batch, nodes, strict=True):
        if (is_deleted := _is_dead(node)) is not None:
            yield one, is_deleted


def _dead_by_code(shop_id: int, batch: Sequence[_Issued]) -> Iterator[tuple[_Issued, bool]]:
    """The same, asked for by the code alone."""
    for one in batch:
        node = client.execute(shop_id, "code_state", {"code": one.name})["codeDiscountNodeByCode"]
        if (is_deleted := _is_dead(node)) is not None:
            yield one, is_deleted


def _is_dead(node: dict[str, Any] | None) -> bool | None:
    """None while it works; else whether it is deleted, and not only over."""
    if node is None or not node.get("id"):
        return True
    return False if (node.get("codeDiscount") or {}).get("status") == "EXPIRED" else None


def _take_back(shop_id: int, redemption_id: UUID, *, is_deleted: bool) -> bool:
    """Return it: at once when its discount is deleted, else when the sweep has disabled it."""
    now = utc_now()
    try:
        with shop_transaction(shop_id) as session:
            # The balances before the row, as an order that carries the code locks them.
            lock_with_points(session, shop_id, redemption_id, now=now)
            begun = returning.begin(
                session, shop_id, redemption_id, reason=REASON, actor=SYSTEM, now=now
            )
            if begun.state != "returning" or begun.reason != REASON:
                return False  # Somebody takes it back already.
            if is_deleted:
                returning.finish(session, shop_id, redemption_id, now=now)
            else:
                begun.next_at = now
                ring_after_commit(session, "redemptions", shop_id)
            kind = recording.CODE_DELETED
            recording.note(session, shop_id, kind, redemption_id, now=now, is_mended=True)
    except NotReturnable:
        return False  # Used meanwhile, or an unpaid order carries it.
    log.info("dead_code_returned", shop=shop_id, redemption=str(redemption_id))
    return True


def _end_imported(shop_id: int, code_id: UUID, *, is_deleted: bool) -> bool:
    """Nobody is shown a coupon's code as good any more that Shopify does not take."""
    now = utc_now()
    with shop_transaction(shop_id) as session:
        if not living.end_one(session, shop_id, code_id):
            return False  # Used meanwhile.
        kind = recording.CODE_DELETED
        recording.note(session, shop_id, kind, code_id, now=now, is_mended=True)
    log.info("dead_coupon_code_ended", shop=shop_id, code=str(code_id), deleted=is_deleted)
    return True


_KINDS = (
    _Kind("codes", _list_made, _dead_made, _take_back),
    _Kind("codes_of_stock", _list_stock, _dead_by_code, _take_back),
    _Kind("codes_of_coupons", _list_imported, _dead_by_code, _end_imported),
)
