"""Forgets what pushes and phones leave behind once nobody asks; the cards themselves stay."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from loyalty.base.db import shop_transaction
from wallet.hops import PushHop
from wallet.messages import PushMessage
from wallet.tables import AppleLog, PassRevision, WalletPass

KEPT = timedelta(days=90)
LOGS_KEPT = timedelta(days=30)
REVISIONS_KEPT = 20
"""A phone that is further behind is compared with the newest push that was meant to be heard."""


def forget_old_pushes(shop_id: int, *, now: datetime) -> int:
    """Delete the shop's old hops, messages and revisions; returns how many rows."""
    with shop_transaction(shop_id) as session:
        return _forget(session, shop_id, now - KEPT)


def forget_old_logs(shop_id: int, *, now: datetime) -> int:
    """Delete what phones complained of a month ago; returns how many lines."""
    statement = delete(AppleLog).where(
        AppleLog.shop_id == shop_id, AppleLog.logged_at < now - LOGS_KEPT
    )
    with shop_transaction(shop_id) as session:
        result = session.execute(statement, execution_options={"synchronize_session": False})
        return result.rowcount  # type: ignore[attr-defined]


def _forget(session: Session, shop_id: int, before: datetime) -> int:
    newest = (
        select(WalletPass.revision)
        .where(WalletPass.shop_id == PassRevision.shop_id, WalletPass.id == PassRevision.pass_id)
        .scalar_subquery()
    )
    statements = (
        delete(PushHop).where(PushHop.shop_id == shop_id, PushHop.at < before),
        delete(PushMessage).where(PushMessage.shop_id == shop_id, PushMessage.created_at < before),
        delete(PassRevision).where(
            PassRevision.shop_id == shop_id,
            PassRevision.last_modified_at < before,
            PassRevision.revision <= newest - REVISIONS_KEPT,
        ),
    )
    options = {"synchronize_session": False}
    results = [session.execute(one, execution_options=options) for one in statements]
    return sum(result.rowcount for result in results)  # type: ignore[attr-defined]
