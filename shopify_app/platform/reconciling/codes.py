"""Codes of redemptions that somebody deleted or ended in Shopify: the points come back.

A member must never have neither points nor code.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
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
from shopify_app.platform import client

log = structlog.get_logger()

AT_ONCE_MAX = 100
REASON = "deleted_in_shopify"


@dataclass(frozen=True, slots=True)
class _Issued:
    id: UUID
    discount_gid: str


def run(shop_id: int) -> int:
    """Look at the discount of every code that can still be used; how many are dead. Commits."""
    started_at, looked_at, found = utc_now(), 0, 0
    for batch in _batches(shop_id, started_at):
        gids = [one.discount_gid for one in batch]
        nodes = client.execute(shop_id, "discount_states", {"ids": gids})["nodes"]
        for one, node in zip(batch, nodes, strict=True):
            is_deleted = not (node or {}).get("id")
            if is_deleted or (node.get("codeDiscount") or {}).get("status") == "EXPIRED":
                found += _take_back(shop_id, one.id, is_deleted=is_deleted)
        looked_at += len(batch)
    with shop_transaction(shop_id) as session:
        recording.report(
            session,
            shop_id,
            "codes",
            looked_at=looked_at,
            found=found,
            started_at=started_at,
            now=utc_now(),
        )
    return found


def _batches(shop_id: int, now: datetime) -> Iterator[Sequence[_Issued]]:
    """Issued redemptions whose time is not over, by id; a code of an imported stock has no gid."""
    last: UUID | None = None
    while True:
        statement = select(Redemption.id, Redemption.discount_gid).where(
            Redemption.shop_id == shop_id,
            Redemption.state == "issued",
            Redemption.discount_gid.is_not(None),
            Redemption.issued_at < now,
            Redemption.expires_at.is_(None) | (Redemption.expires_at > now),
        )
        if last is not None:
            statement = statement.where(Redemption.id > last)
        with shop_transaction(shop_id) as session:
            rows = session.execute(statement.order_by(Redemption.id).limit(AT_ONCE_MAX)).all()
        if not rows:
            return
        yield [_Issued(row.id, str(row.discount_gid)) for row in rows]
        last = rows[-1].id


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
