"""Brings a member's cards up to date after a change, and tells their devices.

Safe to run twice: a revision is made only of a difference, and a device is
pushed until APNs has taken its newest revision. No network in a transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import MemberNotFound
from wallet.apple import registrations
from wallet.apple.apns import Outcome, shared_pump
from wallet.errors import ApplePassError
from wallet.passes import list_passes_for_update, revise
from wallet.tables import WalletPass

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Due:
    """One pass on one device that has yet to hear of `revision`."""

    pass_id: UUID
    revision: int
    device_id: str
    push_token: str


def refresh_member(shop_id: int, member_id: UUID) -> None:
    """Revise the member's passes if they should look different, and push to their devices.

    Raises ApplePassError when a push failed; retryable if another try may succeed.
    """
    due = _revise_passes(shop_id, member_id, utc_now())
    if not due:
        return
    outcomes = shared_pump().push([push.push_token for push in due])
    with shop_transaction(shop_id) as session:
        _settle(session, shop_id, member_id, due, outcomes, utc_now())
    _raise_failures(shop_id, outcomes)


def give_up(shop_id: int, member_id: UUID, reason: str) -> None:
    """Note on the timeline that a push failed for good: no try is left. Once per revision."""
    now = utc_now()
    with shop_transaction(shop_id) as session:
        for card in list_passes_for_update(session, shop_id, member_id):
            if card.push_told_revision < card.push_created_revision:
                _note(session, card, timeline.PUSH_FAILED, now, reason=reason)
                card.push_told_revision = card.push_created_revision


def _revise_passes(shop_id: int, member_id: UUID, now: datetime) -> list[_Due]:
    due = []
    with shop_transaction(shop_id) as session:
        for card in list_passes_for_update(session, shop_id, member_id):
            try:
                revise(session, card, now=now)
            except MemberNotFound:
                return []  # the shop was removed meanwhile
            tokens = registrations.list_push_tokens(session, card)
            if tokens and card.push_created_revision < card.revision:
                card.push_created_revision = card.revision
                _note(session, card, timeline.PUSH_CREATED, now)
            due += [_Due(card.id, card.revision, *pair) for pair in tokens.items()]
    return due


def _settle(
    session: Session,
    shop_id: int,
    member_id: UUID,
    due: list[_Due],
    outcomes: dict[str, Outcome],
    now: datetime,
) -> None:
    """Write down what APNs said of each device, and once per revision how its push ended."""
    cards = {card.id: card for card in list_passes_for_update(session, shop_id, member_id)}
    for push in due:
        outcome = outcomes[push.push_token]
        if outcome.verdict == "ok":
            registrations.mark_pushed(
                session, shop_id, push.pass_id, push.device_id, push.revision, now=now
            )
        elif outcome.verdict == "gone":
            registrations.forget_device(
                session,
                shop_id,
                push.device_id,
                push.push_token,
                gone_at=outcome.gone_at,
                now=now,
            )
    for pass_id, revision in {push.pass_id: push.revision for push in due}.items():
        of_pass = [outcomes[push.push_token] for push in due if push.pass_id == pass_id]
        if pass_id in cards:  # unless the shop was removed meanwhile
            _tell(session, cards[pass_id], revision, of_pass, now)


def _tell(
    session: Session, card: WalletPass, revision: int, outcomes: list[Outcome], now: datetime
) -> None:
    """Push Sent when one device was reached; Push Failed when no try can reach any."""
    if card.push_told_revision >= revision:
        return
    verdicts = {outcome.verdict for outcome in outcomes}
    if "ok" in verdicts:
        _note(session, card, timeline.PUSH_SENT, now)
    elif "retry" in verdicts:
        return
    else:
        reasons = sorted({outcome.reason for outcome in outcomes})
        _note(session, card, timeline.PUSH_FAILED, now, reason="; ".join(reasons))
    card.push_told_revision = revision


def _note(session: Session, card: WalletPass, kind: str, now: datetime, **details: str) -> None:
    timeline.note_event(
        session, card.shop_id, card.member_id, kind, now, platform=card.platform, **details
    )


def _raise_failures(shop_id: int, outcomes: dict[str, Outcome]) -> None:
    failed = [o for o in outcomes.values() if o.verdict in ("retry", "dead")]
    sent = sum(outcome.verdict == "ok" for outcome in outcomes.values())
    log.info("passes_pushed", shop=shop_id, sent=sent, failed=len(failed))
    if failed:
        reasons = "; ".join(sorted({outcome.reason for outcome in failed}))
        is_retryable = any(outcome.verdict == "retry" for outcome in failed)
        raise ApplePassError(f"push failed: {reasons}", retryable=is_retryable)
