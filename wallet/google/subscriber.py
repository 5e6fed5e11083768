"""Brings a member's objects at Google up to date after a change; only those that exist."""

import time
from uuid import UUID

from loyalty import timeline
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from wallet import setup
from wallet.errors import GoogleWalletError
from wallet.google.leases import LeaseHeld
from wallet.google.objects import list_object_ids, lock_object, open_object_row
from wallet.google.sending import note_push, send_class, send_object
from wallet.google.tables import GoogleObject

PATIENCE_S = 8.0
"""How long a customer waits for another worker that is sending the same card."""


def refresh_member(shop_id: int, member_id: UUID) -> None:
    """Send what changed of the member's objects. Raises GoogleWalletError; safe to call twice."""
    if not setup.has_google():
        return
    with shop_transaction(shop_id) as session:
        row_ids = list_object_ids(session, shop_id, member_id)
    if not row_ids:
        return
    send_class(shop_id)
    failed: list[GoogleWalletError] = []
    for row_id in row_ids:
        try:
            send_object(shop_id, row_id)
        except GoogleWalletError as error:
            failed.append(error)
    if failed:
        raise next((error for error in failed if error.retryable), failed[0])


def give_up(shop_id: int, member_id: UUID, reason: str) -> None:
    """Note on the timeline that a push failed for good: no try is left. Once per revision."""
    now = utc_now()
    with shop_transaction(shop_id) as session:
        for row_id in list_object_ids(session, shop_id, member_id):
            card = lock_object(session, shop_id, row_id)
            if card is not None and card.push_told_revision < card.push_created_revision:
                note_push(session, card, timeline.PUSH_FAILED, "refused", now, reason=reason)
                card.push_told_revision = card.push_created_revision


def open_object(shop_id: int, member_id: UUID) -> GoogleObject:
    """The member's object, inserted at Google at first use. Raises MemberNotFound.

    Raises GoogleWalletError; then the next use tries again.
    """
    with shop_transaction(shop_id) as session:
        card = open_object_row(session, shop_id, member_id, now=utc_now())
    if card.sent_revision == 0:
        _insert(shop_id, card.id)
    return card


def _insert(shop_id: int, row_id: UUID) -> None:
    patience_ends = time.monotonic() + PATIENCE_S
    while True:
        try:
            send_class(shop_id)
            return send_object(shop_id, row_id)
        except LeaseHeld:
            if time.monotonic() > patience_ends:
                raise
        time.sleep(0.2)
