"""Forgets what was dealt with a month ago: webhooks with their bodies, relayed events, strays.

What waits for a person (parked, dead) stays, but a parked webhook loses its body: it names people.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, exists, select, update

from loyalty.base import db
from loyalty.member_messages.writing import forget_old_messages
from loyalty.members.join_requests import forget_old_requests
from loyalty.merging.rows import forget_ways_home
from loyalty.orders.claiming import forget_old_emails
from loyalty.outbox import Delivery, OutboxEvent
from loyalty.proofs.challenges import forget_old_challenges
from loyalty.referrals.forgetting import forget_old_claims
from loyalty.segments.forgetting import forget_old_moves
from loyalty.till.tables import TillAllowance, TillCode, TillTry
from mailing.feedback import forget_old
from pos_extension.tables import TillWrite
from shopify_app.platform.tables import InboxRow, PrivacyDocument, StrayWebhook
from wallet.forgetting import forget_old_logs, forget_old_pushes

KEPT = timedelta(days=30)
DOCUMENTS_KEPT = timedelta(days=60)
"""The merchant hands a document on within 30 days of its making; nobody needs it after twice that.
"""
BATCH = 2_000


def purge(shop_id: int, *, now: datetime) -> int:
    """Delete the shop's old rows, a batch per transaction; returns how many."""
    oldest = first_id_at(now - KEPT)
    total = _purge_documents(shop_id, now - DOCUMENTS_KEPT)
    _blank_parked(shop_id, oldest)
    total += forget_old(shop_id, now=now)
    total += forget_old_pushes(shop_id, now=now) + forget_old_logs(shop_id, now=now)
    for purge_batch in (_purge_inbox, _purge_outbox):
        while (count := purge_batch(shop_id, oldest)) > 0:
            total += count
    return total + _purge_till(shop_id, now - KEPT) + _purge_people(shop_id, now)


def purge_strays(*, now: datetime) -> int:
    """Delete the old webhooks of shops that we do not know; returns how many."""
    statement = delete(StrayWebhook).where(StrayWebhook.received_at < now - KEPT)
    with db.shopless_transaction() as session:
        result = session.execute(statement, execution_options={"synchronize_session": False})
        return result.rowcount  # type: ignore[attr-defined]


def first_id_at(moment: datetime) -> UUID:
    """The smallest UUIDv7 of `moment`: our ids sort by time, so they find old rows by key."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62)


def _purge_people(shop_id: int, now: datetime) -> int:
    """Requests to join, asked-for codes, places that friends came from, texts that left the cards,
    the way home of merges that can be undone no more, who came to segments a year ago, and the
    email of orders that nobody can claim any more.
    """
    with db.shop_transaction(shop_id) as session:
        joins = forget_old_requests(session, shop_id, before=now - KEPT)
        codes = forget_old_challenges(session, shop_id, before=now - KEPT)
        claims = forget_old_claims(session, shop_id, before=now - KEPT)
        texts = forget_old_messages(session, shop_id, before=now - KEPT)
        moves = forget_old_moves(session, shop_id, now=now)
        ways = forget_ways_home(session, shop_id, now=now)
        forget_old_emails(session, shop_id, now=now)
        return joins + codes + claims + texts + moves + ways


def _purge_documents(shop_id: int, made_before: datetime) -> int:
    statement = delete(PrivacyDocument).where(
        PrivacyDocument.shop_id == shop_id, PrivacyDocument.made_at < made_before
    )
    with db.shop_transaction(shop_id) as session:
        result = session.execute(statement, execution_options={"synchronize_session": False})
        return result.rowcount  # type: ignore[attr-defined]


def _purge_inbox(shop_id: int, oldest: UUID) -> int:
    batch = (
        select(InboxRow.id)
        .where(
            InboxRow.shop_id == shop_id,
            InboxRow.id < oldest,
            InboxRow.state.in_(("done", "ignored")),
        )
        .order_by(InboxRow.id)
        .limit(BATCH)
    )
    statement = delete(InboxRow).where(InboxRow.shop_id == shop_id, InboxRow.id.in_(batch))
    with db.shop_transaction(shop_id) as session:
        result = session.execute(statement, execution_options={"synchronize_session": False})
        return result.rowcount  # type: ignore[attr-defined]


def _blank_parked(shop_id: int, oldest: UUID) -> None:
    """Keep topic, ids and reason of what was never handled; a replay then says it is no JSON."""
    statement = (
        update(InboxRow)
        .where(InboxRow.shop_id == shop_id, InboxRow.id < oldest, InboxRow.state == "parked")
        .values(body=b"")
    )
    with db.shop_transaction(shop_id) as session:
        session.execute(statement, execution_options={"synchronize_session": False})


def _purge_till(shop_id: int, before: datetime) -> int:
    """Forget the answers to writes of the till, days, codes and tries: a grant's own key in the
    ledger, and a redemption's, hold for ever.
    """
    writes = delete(TillWrite).where(TillWrite.shop_id == shop_id, TillWrite.created_at < before)
    allowances = delete(TillAllowance).where(
        TillAllowance.shop_id == shop_id, TillAllowance.day_on < before.date()
    )
    codes = delete(TillCode).where(TillCode.shop_id == shop_id, TillCode.expires_at < before)
    tries = delete(TillTry).where(TillTry.shop_id == shop_id, TillTry.since_at < before)
    with db.shop_transaction(shop_id) as session:
        results = [
            session.execute(statement, execution_options={"synchronize_session": False})
            for statement in (writes, allowances, codes, tries)
        ]
        return sum(result.rowcount for result in results)  # type: ignore[attr-defined]


def _purge_outbox(shop_id: int, oldest: UUID) -> int:
    is_needed = exists().where(
        Delivery.shop_id == shop_id,
        Delivery.event_id == OutboxEvent.id,
        Delivery.state != "done",
    )
    batch = (
        select(OutboxEvent.id)
        .where(
            OutboxEvent.shop_id == shop_id,
            OutboxEvent.id < oldest,
            OutboxEvent.state == "relayed",
            ~is_needed,
        )
        .order_by(OutboxEvent.id)
        .limit(BATCH)
    )
    # Deliveries go with their event.
    statement = delete(OutboxEvent).where(OutboxEvent.shop_id == shop_id, OutboxEvent.id.in_(batch))
    with db.shop_transaction(shop_id) as session:
        result = session.execute(statement, execution_options={"synchronize_session": False})
        return result.rowcount  # type: ignore[attr-defined]
