"""Codes of redemptions that somebody deleted or ended in Shopify: the points come back.

A member must never have neither points nor code.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import select

from loyalty.audit import SYSTEM
from loyalty.base.clock import utc_now
from loyalty.base.db import ring_after_commit, shop_transaction
from loyalty.base.errors import NotReturnable
from loyalty.reconciliation import recording
from loyalty.redemption import returning
from loyalty.redemption.tables import Redemption
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform import client

log = structlog.get_logger()

AT_ONCE_MAX = 100
REASON = "deleted_in_shopify"
_TURN_S = 30.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class _Issued:
    id: UUID
    discount_gid: str


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
    with shop_transaction(shop_id) as session:
        after = _first_id(recording.seen_until(session, shop_id, "codes") or _EPOCH)
    looked_at = found = 0
    while batch := _list_issued(shop_id, after, started_at):
        found += sum(
            _take_back(shop_id, one.id, is_deleted=gone) for one, gone in _dead(shop_id, batch)
        )
        looked_at, after = looked_at + len(batch), batch[-1].id
        if time.monotonic() > ends_at:
            break
    with shop_transaction(shop_id) as session:
        recording.set_mark(session, shop_id, "codes", _made_at(after) if batch else _EPOCH)
        recording.report(
            session,
            shop_id,
            "codes",
            looked_at=looked_at,
            found=found,
            started_at=started_at,
            now=utc_now(),
        )
    return not batch


def _first_id(at: datetime) -> UUID:
    """The smallest id that can have been given at this time: ours begin with it."""
    return UUID(int=((at - _EPOCH) // _MS) << 80)


def _made_at(id_: UUID) -> datetime:
    return _EPOCH + (id_.int >> 80) * _MS


def _list_issued(shop_id: int, after: UUID, now: datetime) -> Sequence[_Issued]:
    """The next codes whose time is not over; one of an imported stock has no discount of ours."""
    statement = select(Redemption.id, Redemption.discount_gid).where(
        Redemption.shop_id == shop_id,
        Redemption.id > after,
        Redemption.state == "issued",
        Redemption.discount_gid.is_not(None),
        Redemption.issued_at < now,
        Redemption.expires_at.is_(None) | (Redemption.expires_at > now),
    )
    with shop_transaction(shop_id) as session:
        rows = session.execute(statement.order_by(Redemption.id).limit(AT_ONCE_MAX)).all()
    return [_Issued(row.id, str(row.discount_gid)) for row in rows]


def _dead(shop_id: int, batch: Sequence[_Issued]) -> Iterator[tuple[_Issued, bool]]:
    """Those that work no more, each with whether its discount is deleted."""
    ids = [one.discount_gid for one in batch]
    nodes = client.execute(shop_id, "discount_states", {"ids": ids})["nodes"]
    for one, node in zip(batch, nodes, strict=True):
        is_deleted = not (node or {}).get("id")
        if is_deleted or (node.get("codeDiscount") or {}).get("status") == "EXPIRED":
            yield one, is_deleted


def _take_back(shop_id: int, redemption_id: UUID, *, is_deleted: bool) -> bool:
    """Return it: at once when its discount is deleted, else when the sweep has disabled it."""
    now = utc_now()
    try:
        with shop_transaction(shop_id) as session:
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
        return False  # Used meanwhile.
    log.info("dead_code_returned", shop=shop_id, redemption=str(redemption_id))
    return True
