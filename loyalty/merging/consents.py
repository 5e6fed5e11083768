"""Consent of two members who are made one: the stricter word of the two, switch by switch.

The invariant: a merge never allows what one of the two has not allowed. An undo gives back only
words that nobody has changed since.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty.members.consent import MemberConsent, stricter
from loyalty.preferences import NAMES, NotificationPreference
from loyalty.privacy.parts import Merging, Unites

_CHANNELS = ("email", "sms")
_SOURCE = "merge"


def _unite_switches(session: Session, merging: Merging) -> None:
    """Paused by one of the two is paused."""
    theirs = _switches(session, merging, merging.merged_id)
    if theirs is None:
        return
    own = _switches(session, merging, merging.survivor_id)
    before = None if own is None else {name: getattr(own, name) for name in NAMES}
    if own is None:
        own = NotificationPreference(shop_id=merging.shop_id, member_id=merging.survivor_id)
        session.add(own)
    changed = before is None
    for name in NAMES:
        united = (before is None or before[name]) and getattr(theirs, name)
        changed |= before is not None and united != before[name]
        setattr(own, name, united)
    if changed:
        own.changed_at = merging.merged_at
        merging.notes[NotificationPreference.__tablename__] = {"before": before}
    session.flush()


def _part_switches(session: Session, merging: Merging) -> None:
    notes = merging.notes.get(NotificationPreference.__tablename__)
    own = _switches(session, merging, merging.survivor_id)
    if notes is None or own is None or own.changed_at != merging.merged_at:
        return
    if notes["before"] is None:
        session.delete(own)
    else:
        for name in NAMES:
            setattr(own, name, notes["before"][name])
    session.flush()


def _unite_consents(session: Session, merging: Merging) -> None:
    """A yes stands only if both said it; a no of one is a no."""
    before: dict[str, Any] = {}
    for channel in _CHANNELS:
        own = _consent(session, merging, merging.survivor_id, channel)
        theirs = _consent(session, merging, merging.merged_id, channel)
        said = own.strictest if own else None
        united = stricter(said, theirs.strictest if theirs else None)
        if united == said:
            continue
        before[channel] = None if own is None else _told(own)
        _set(session, merging, own, channel, united)
    if before:
        merging.notes[MemberConsent.__tablename__] = before
    session.flush()


def _set(
    session: Session,
    merging: Merging,
    own: MemberConsent | None,
    channel: str,
    united: str | None,
) -> None:
    if united is None:
        assert own is not None
        session.delete(own)
        return
    if own is None:
        own = MemberConsent(shop_id=merging.shop_id, member_id=merging.survivor_id, channel=channel)
        session.add(own)
    own.take(united, _SOURCE, merging.merged_at)


def _part_consents(session: Session, merging: Merging) -> None:
    for channel, before in merging.notes.get(MemberConsent.__tablename__, {}).items():
        own = _consent(session, merging, merging.survivor_id, channel)
        if own is not None and (own.source, own.changed_at) != (_SOURCE, merging.merged_at):
            continue
        if before is None:
            if own is not None:
                session.delete(own)
        else:
            if own is None:
                own = MemberConsent(
                    shop_id=merging.shop_id, member_id=merging.survivor_id, channel=channel
                )
                session.add(own)
            _restore(own, before)
    session.flush()


def _told(own: MemberConsent) -> list[str | None]:
    refused = own.refused_at.isoformat() if own.refused_at else None
    return [own.state, own.source, own.changed_at.isoformat(), refused]


def _restore(own: MemberConsent, before: list[str | None]) -> None:
    state, source, changed, *refused = before
    assert state and source and changed
    own.take(state, source, datetime.fromisoformat(changed))
    if refused:
        # Notes of earlier merges do not say it: the word itself does, but for a tick.
        own.refused_at = datetime.fromisoformat(refused[0]) if refused[0] else None


def _switches(session: Session, merging: Merging, member_id: UUID) -> NotificationPreference | None:
    key = (merging.shop_id, member_id)
    return session.get(NotificationPreference, key, with_for_update=True, populate_existing=True)


def _consent(
    session: Session, merging: Merging, member_id: UUID, channel: str
) -> MemberConsent | None:
    key = (merging.shop_id, member_id, channel)
    return session.get(MemberConsent, key, with_for_update=True, populate_existing=True)


SWITCHES_UNITED = Unites("paused by one of the two is paused", _unite_switches, _part_switches)
CONSENTS_UNITED = Unites("the stricter word of the two stands", _unite_consents, _part_consents)
