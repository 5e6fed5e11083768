"""Brings members' objects at Google up to date after a change; only those that exist."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from uuid import UUID

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from wallet import setup
from wallet.errors import GoogleWalletError
from wallet.google.leases import LeaseHeld
from wallet.google.objects import list_object_ids, lock_object, open_object_row
from wallet.google.pushes import tell_failed
from wallet.google.sending import send_class, send_object
from wallet.google.tables import GoogleObject
from wallet.pacing import TooSoon

PATIENCE_S = 8.0
"""How long a customer waits for another worker that is sending the same card."""
AT_ONCE = 8
"""Calls on the way at the same time: Google answers slowly and takes 20 a second."""
BATCH = 100
BATCH_S = 60.0
"""When the rest of a batch is put off; the deliveries' own lease is twice as long."""


def refresh_member(shop_id: int, member_id: UUID) -> None:
    """Send what changed of the member's objects. Raises GoogleWalletError; safe to call twice."""
    error = refresh_members(shop_id, [member_id])[member_id]
    if error is not None:
        raise error


def refresh_members(shop_id: int, member_ids: Sequence[UUID]) -> Mapping[UUID, Exception | None]:
    """The same for many, several at once: each member's error, or None."""
    answers: dict[UUID, Exception | None] = dict.fromkeys(member_ids)
    if not setup.has_google():
        return answers
    with shop_transaction(shop_id) as session:
        rows = list_object_ids(session, shop_id, member_ids)
    if not rows:
        return answers
    class_error = _try_class(shop_id)
    send = partial(_send_all, shop_id, time.monotonic() + BATCH_S)
    with ThreadPoolExecutor(min(AT_ONCE, len(rows)), "google") as pool:
        ends = pool.map(send, rows.values())
        return answers | {one: end or class_error for one, end in zip(rows, ends, strict=True)}


def _try_class(shop_id: int) -> GoogleWalletError | None:
    """Bring the class up to date; its failure keeps no balance from the objects it has."""
    try:
        send_class(shop_id)
    except GoogleWalletError as error:
        return error
    return None


def _send_all(shop_id: int, ends_at: float, row_ids: Sequence[UUID]) -> Exception | None:
    """Send each of a member's objects; the error worth telling, one that can be mended first."""
    if time.monotonic() > ends_at:
        return TooSoon(timedelta(0))
    failed: list[Exception] = []
    for row_id in row_ids:
        try:
            send_object(shop_id, row_id)
        except Exception as error:
            failed.append(error)
    retryable = (error for error in failed if getattr(error, "retryable", True))
    return next(retryable, failed[0] if failed else None)


def give_up(shop_id: int, member_id: UUID, reason: str) -> None:
    """Note on the timeline that a push failed for good: no try is left. Once per message."""
    with shop_transaction(shop_id) as session:
        for row_id in list_object_ids(session, shop_id, [member_id]).get(member_id, []):
            card = lock_object(session, shop_id, row_id)
            if card is not None:
                tell_failed(session, card, reason, utc_now())


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
