"""Staff write down what a member told them of marketing; it counts as the member's own word.

The invariant: a yes needs something to write to, and each change names who wrote it down.
"""

from datetime import datetime
from typing import get_args
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit, timeline
from loyalty.audit import Actor
from loyalty.base.errors import BadConsent
from loyalty.base.said import said
from loyalty.ledger.posting import lock_balance
from loyalty.members.consent import Channel, MemberConsent, State, read_consents, say
from loyalty.members.states import get_active_member
from loyalty.members.tables import Member

CHANNELS: tuple[Channel, ...] = get_args(Channel)
_SAID: dict[str, State] = {"subscribed": "subscribed", "unsubscribed": "unsubscribed"}
_NO_ADDRESS = {
    "email": said("The member has no email address"),
    "sms": said("The member has no phone number"),
}


def record_word(
    session: Session,
    shop_id: int,
    member_id: UUID,
    channel: str,
    state: str,
    *,
    actor: Actor,
    now: datetime,
) -> bool:
    """Write down the member's yes or no on `channel`; False when they had said so before.

    Raises BadConsent for what cannot be said, MemberNotFound, MemberNotActive. The caller
    commits.
    """
    if channel not in CHANNELS or state not in _SAID:
        raise BadConsent(said("Choose what the member said"))
    lock_balance(session, shop_id, member_id)
    member = get_active_member(session, shop_id, member_id)
    _check(member, channel, state)
    if read_consents(session, shop_id, member_id).get(channel) == state:
        return False
    word = _SAID[state]
    if not say(session, shop_id, member_id, channel, word, source="staff", said_at=now):
        raise BadConsent(said("The member has just said something else. Look again."))
    told = {"channel": channel, "consent": state}
    kind, by = timeline.CONSENT_CHANGED, str(actor)
    timeline.note_event(session, shop_id, member_id, kind, now, **told, actor=by)
    audit.record(
        session, shop_id, actor, "consent_changed", ("member", str(member_id)), now=now, **told
    )
    session.flush()
    return True


def list_words(session: Session, shop_id: int, member_id: UUID) -> dict[str, MemberConsent]:
    """channel → the member's last word; a channel without one is left out."""
    rows = session.scalars(
        select(MemberConsent)
        .where(MemberConsent.shop_id == shop_id, MemberConsent.member_id == member_id)
        .execution_options(populate_existing=True)
    )
    return {row.channel: row for row in rows}


def _check(member: Member, channel: str, state: str) -> None:
    has_address = bool(member.email_norm) if channel == "email" else bool(member.phone)
    if state == "subscribed" and not has_address:
        raise BadConsent(_NO_ADDRESS[channel])
