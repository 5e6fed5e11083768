"""What a send of a card is to its member: a push with hops, and a message if it may be heard.

Only of a card that somebody saved. A change that may not be heard is no message.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from loyalty.campaigns.words import NO_ANSWER, OUTRANKED, QUOTA
from wallet import messages
from wallet.content import Content
from wallet.errors import GoogleWalletError
from wallet.google import notices
from wallet.google.cards import Payload
from wallet.google.leases import Errand
from wallet.google.tables import GoogleObject
from wallet.hops import Hop, note_hop
from wallet.marketing import get_audible
from wallet.notices import Kind, differing, said_by


def announce(
    session: Session,
    card: GoogleObject,
    before: Payload,
    wanted: Payload,
    content: Content,
    now: datetime,
) -> Kind | None:
    """Note that the card's present revision is on its way; of which change Google is to notify.

    `before` is what the revision before it showed. A message in doubt is not told again.
    """
    held, card.said = card.said, said_by(content)
    if not card.is_saved:
        return None
    _note_hop(session, card, card.revision, "queued", now)
    if wanted["state"] != "ACTIVE":
        return None
    changed: set[str | None] = {card.notice_due}  # what was due and never reached Google is still
    changed.update(kind for kind in differing(held or {}, card.said) if held and kind != "balance")
    if _points(before) != _points(wanted):
        changed.add("balance")
    kind = _loudest(session, card, changed, content, now)
    # Without a place the message before it, if still open, ends with this revision.
    card.notice_due = kind
    if not notices.take_place(session, card.shop_id, card.id, card.revision, kind, now=now):
        return None
    assert kind is not None, "nothing takes no place"
    named = messages.name_messages(session, card.shop_id, {card.member_id: content})
    # A tier that was due and is there no more has no name; the balance always has.
    card.message = named[kind].get(card.member_id) or named["balance"][card.member_id]
    messages.note_created(session, card.shop_id, [(card.member_id, card.message)], "google", now)
    return kind


def tell_outcome(
    session: Session,
    card: GoogleObject,
    errand: Errand,
    error: GoogleWalletError | None,
    now: datetime,
    *,
    was_heard: bool = True,
) -> None:
    """Note what Google said: sent when it took the revision, failed when no try can help.

    A message that Google took without a notification was not heard.
    """
    if error is not None and error.was_refused:
        notices.give_back(session, card.shop_id, card.id, errand.revision)
    if error is None:
        if not was_heard:
            _tell_silenced(session, card, now)
        _tell_sent(session, card, errand.revision, now)
    elif not error.retryable:
        tell_failed(session, card, str(error), now)


def tell_failed(session: Session, card: GoogleObject, reason: str, now: datetime) -> None:
    """Note that no try is left, once."""
    if card.is_saved and card.sent_revision < card.revision:
        _note_hop(session, card, card.revision, "refused", now, reason)
    if card.message is not None:
        key = (card.member_id, card.message)
        messages.note_failed(session, card.shop_id, key, "google", reason, now)
        card.message = None


def _loudest(
    session: Session, card: GoogleObject, changed: set[str | None], content: Content, now: datetime
) -> Kind | None:
    """What may be heard of `changed`; a message that may not is noted with the reason."""
    preferences = get_audible(session, card.shop_id, card.member_id)
    kind = notices.highest(changed, preferences)
    if "marketing" not in changed or not preferences.marketing:
        return kind
    tells_both = kind == "balance" and bool(content.get("message_brings_points"))
    heard: Kind | None = "marketing" if tells_both else kind
    reason = _why_unheard(session, card, heard, now)
    if reason is None and content.get("message_id"):
        return heard
    names = messages.name_messages(session, card.shop_id, {card.member_id: content})
    text = names["marketing"].get(card.member_id)
    if reason is not None and text is not None:
        messages.note_unheard(session, card.shop_id, (card.member_id, text), "google", reason, now)
        card.message = None if card.message == text else card.message
    return None if kind == "marketing" else kind


def _why_unheard(
    session: Session, card: GoogleObject, kind: Kind | None, now: datetime
) -> str | None:
    if kind != "marketing":
        return OUTRANKED
    if notices.has_place(session, card.shop_id, card.id, card.revision):
        return NO_ANSWER
    has_room = notices.has_room(session, card.shop_id, card.id, kind, now=now)
    return None if has_room else QUOTA


def _tell_silenced(session: Session, card: GoogleObject, now: datetime) -> None:
    if card.message is not None:
        key = (card.member_id, card.message)
        messages.note_failed(session, card.shop_id, key, "google", QUOTA, now)
        card.message = None


def _tell_sent(session: Session, card: GoogleObject, revision: int, now: datetime) -> None:
    if card.is_saved:
        _note_hop(session, card, revision, "accepted", now)
    if card.message is not None:
        key = (card.member_id, card.message)
        messages.note_sent(session, card.shop_id, [key], "google", now)
    card.notice_due = card.message = None


def _points(content: Payload) -> object:
    return content.get("loyaltyPoints", {}).get("balance")


def _note_hop(
    session: Session,
    card: GoogleObject,
    revision: int,
    hop: Hop,
    now: datetime,
    reason: str | None = None,
) -> None:
    note_hop(
        session,
        card.shop_id,
        card.member_id,
        platform="google",
        pass_id=card.id,
        revision=revision,
        hop=hop,
        now=now,
        reason=reason,
    )
