"""Sends a class or an object to Google: lease, call, write down what came of it.

Safe to run twice and to die anywhere: what is in doubt is sent again, whole, by the next one.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from loyalty import outbox
from loyalty.base import faults
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import MemberNotFound, ShopNotFound
from wallet.content import card_content
from wallet.errors import GoogleWalletError
from wallet.google.cards import Payload, class_payload, object_payload
from wallet.google.client import ClassMissing, shared_client
from wallet.google.leases import Errand, LeaseHeld, give_back, take
from wallet.google.objects import find_class, lock_object
from wallet.google.pushes import announce, tell_outcome
from wallet.google.tables import GoogleClass
from wallet.notices import Kind
from wallet.pacing import check_pause

log = structlog.get_logger()


def send_class(shop_id: int) -> None:
    """Bring the shop's class up to date at Google. Raises GoogleWalletError."""
    errand = _begin_class(shop_id, utc_now())
    if errand is None:
        return
    error = None
    try:
        shared_client().bring("loyaltyClass", errand)
    except GoogleWalletError as raised:
        error = raised
    with shop_transaction(shop_id) as session:
        row = find_class(session, shop_id, lock=True)
        if row is not None:
            give_back(row, errand, was_taken=error is None, now=utc_now())
    if error is not None:
        raise error
    log.info("google_class_sent", shop=shop_id, revision=errand.revision)


def send_object(shop_id: int, row_id: UUID) -> None:
    """Bring one object up to date at Google; nothing is sent when it is. Its class must be there.

    Raises GoogleWalletError, and TooSoon for a card on a phone that was sent a moment ago.
    """
    begun = _begin_object(shop_id, row_id, utc_now())
    if begun is None:
        return
    errand, kind = begun
    faults.point("google_before_send", shop=shop_id, revision=errand.revision)
    error = None
    was_heard = True
    try:
        if kind == "marketing":
            was_heard = shared_client().tell(errand)
        else:
            shared_client().bring("loyaltyObject", errand, notify=kind is not None)
    except GoogleWalletError as raised:
        error = raised
    faults.point("google_after_send", shop=shop_id, revision=errand.revision)
    with shop_transaction(shop_id) as session:
        _settle(session, shop_id, row_id, errand, error, utc_now(), was_heard=was_heard)
        if isinstance(error, ClassMissing):
            _forget_class(session, shop_id)
    if error is not None:
        raise error
    log.info("google_object_sent", shop=shop_id, revision=errand.revision, notified=kind)


def _begin_class(shop_id: int, now: datetime) -> Errand | None:
    with shop_transaction(shop_id) as session:
        row = find_class(session, shop_id, lock=False)
        try:
            if row is None or _is_at_google(row, class_payload(session, shop_id)):
                return None
            row = find_class(session, shop_id, lock=True)
            # Read again under the lock: who waited for it must not send what was before.
            wanted = class_payload(session, shop_id)
        except ShopNotFound:
            return None
        return _take_class(row, wanted, now) if row is not None else None


def _is_at_google(row: GoogleClass, wanted: Payload) -> bool:
    return row.sent_revision == row.revision and row.content == wanted


def _take_class(row: GoogleClass, wanted: Payload, now: datetime) -> Errand | None:
    try:
        errand = take(row, wanted, now=now)
    except LeaseHeld:
        if row.sent_revision > 0:
            return None  # it exists; who has the lease brings it up to date
        raise
    # Always whole: a class must say its review status at every change.
    return replace(errand, known=None) if errand else None


def _begin_object(shop_id: int, row_id: UUID, now: datetime) -> tuple[Errand, Kind | None] | None:
    """Lease the object for what it should show by now; with it, of what Google is to notify."""
    with shop_transaction(shop_id) as session:
        card = lock_object(session, shop_id, row_id)
        if card is None:
            return None  # the shop was removed meanwhile
        is_void, before = card.voided_at is not None, card.content
        try:
            content = card_content(session, shop_id, card.member_id, voided=is_void, now=now)
        except MemberNotFound:
            return None
        wanted = object_payload(session, card, content)
        errand = take(card, wanted, now=now)
        if errand is None:
            return None
        if card.is_saved:
            check_pause(card.sent_at, now=now)
        if content["voided"] and card.voided_at is None:
            card.voided_at = now
        return errand, announce(session, card, before, wanted, content, now)


def _settle(
    session: Session,
    shop_id: int,
    row_id: UUID,
    errand: Errand,
    error: GoogleWalletError | None,
    now: datetime,
    *,
    was_heard: bool,
) -> None:
    card = lock_object(session, shop_id, row_id)
    if card is None or not give_back(card, errand, was_taken=error is None, now=now):
        return
    if error is None and errand.is_new:
        # A change that was committed while we read found no object to send: look once more.
        outbox.stage(session, shop_id, outbox.MEMBER_CHANGED, member_id=card.member_id, now=now)
    tell_outcome(session, card, errand, error, now, was_heard=was_heard)


def _forget_class(session: Session, shop_id: int) -> None:
    """Google says that it has no class of ours: insert it anew at the next try."""
    row = find_class(session, shop_id, lock=True)
    if row is not None:
        row.sent_revision = 0
