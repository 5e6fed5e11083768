"""The nightly look at what Shopify shows of all its customers: changed by others, or never shown.

What differs is only asked for here; the projection writes it, and notes that it is mended.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import outbox
from loyalty.base.clock import utc_now
from loyalty.reconciliation import recording
from loyalty.shops.tables import Shop
from shopify_app.platform.errors import ShapeError
from shopify_app.platform.payloads.reading import identifier
from shopify_app.platform.projection import shown
from shopify_app.platform.projection.sheets import Sheet, keep, load_some, look
from shopify_app.platform.tables import BackfillRun

log = structlog.get_logger()

Node = dict[str, Any]


def store_shown(session: Session, shop: Shop, batch: Sequence[tuple[Node, list[Node]]]) -> int:
    """Hold these customers against what they should show; how many could not be read."""
    if not shown.is_on():
        return 0
    nodes = dict(_readable([node for node, _ in batch]))
    asked_at = _asked_at(session, shop.shop_id)
    now = utc_now()
    sheets = [s for s in load_some(session, shop.shop_id, list(nodes)) if _is_settled(s, asked_at)]
    changed = [s for s in sheets if _compare(session, shop.shop_id, s, nodes[s.customer_id], now)]
    recording.report(
        session,
        shop.shop_id,
        "shown",
        looked_at=len(sheets),
        found=len(changed),
        started_at=asked_at,
        now=now,
    )
    return len(batch) - len(nodes)


def _readable(nodes: Sequence[Node]) -> list[tuple[int, Node]]:
    found = []
    for node in nodes:
        try:
            found.append((identifier(node.get("id"), "customer.id"), node))
        except ShapeError as error:
            log.error("shown_unreadable", reason=str(error))
    return found


def _asked_at(session: Session, shop_id: int) -> datetime:
    """When this look began: what was written since is newer than what it sees."""
    started_at = session.scalar(
        select(BackfillRun.started_at).where(
            BackfillRun.shop_id == shop_id, BackfillRun.subject == "shown"
        )
    )
    return started_at or utc_now()


def _is_settled(sheet: Sheet, asked_at: datetime) -> bool:
    return sheet.written_at is None or sheet.written_at < asked_at


def _compare(session: Session, shop_id: int, sheet: Sheet, node: Node, now: datetime) -> bool:
    """Ask for the customer to be written if they show something else; whether others did that."""
    held, digests, tag = look(node)
    is_changed = sheet.written_at is not None and (held, tag) != (sheet.held, sheet.tag)
    if is_changed:
        keys = sorted(key for key in shown.TYPES if held.get(key) != sheet.held.get(key))
        kind, what = recording.SHOWN_CHANGED, keys or ["tag"]
        recording.note(session, shop_id, kind, sheet.customer_id, now=now, what=what)
    if is_changed or held or tag:
        sheet.held, sheet.digests, sheet.tag = held, digests, tag
        keep(session, shop_id, sheet)
    if sheet.differs() and sheet.member_id is not None:
        outbox.stage(session, shop_id, outbox.SHOWN_ASKED, member_id=sheet.member_id, now=now)
    return is_changed
