"""Brings members' Apple cards up to date after a change, and tells their devices.

Safe to run twice: a revision is made only of a difference, and a device is
pushed until APNs has taken its newest revision. No network in a transaction.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.campaigns.words import OUTRANKED
from wallet import messages
from wallet.apple import registrations
from wallet.apple.apns import Outcome, shared_pump
from wallet.apple.registrations import DuePush
from wallet.apple.revisions import list_untold
from wallet.errors import ApplePassError
from wallet.hops import Hop, NewHop, note_hops
from wallet.messages import MessageKey
from wallet.pacing import TooSoon, check_pause
from wallet.passes import list_changes, lock_passes, revise
from wallet.tables import WalletPass

log = structlog.get_logger()


def refresh_member(shop_id: int, member_id: UUID) -> None:
    """Revise the member's passes if they should look different, and push to their devices.

    Raises TooSoon when the member was pushed a moment ago, and ApplePassError when a push failed;
    retryable if another try may succeed.
    """
    error = refresh_members(shop_id, [member_id])[member_id]
    if error is not None:
        raise error


def refresh_members(shop_id: int, member_ids: Sequence[UUID]) -> Mapping[UUID, Exception | None]:
    """The same for many members over one connection, all pushes at once; returns each's error."""
    errors: dict[UUID, Exception | None] = dict.fromkeys(member_ids)
    due = _revise(shop_id, member_ids, errors, utc_now())
    if not due:
        return errors
    outcomes = shared_pump().push([push.push_token for push in due])
    with shop_transaction(shop_id) as session:
        _settle(session, shop_id, due, outcomes, utc_now())
    errors |= _failures(due, outcomes)
    failed = sum(error is not None for error in errors.values())
    log.info("passes_pushed", shop=shop_id, pushes=len(due), members_failed=failed)
    return errors


def give_up(shop_id: int, member_id: UUID, reason: str) -> None:
    """Note on the timeline that a push failed for good: no try is left. Once per message."""
    now = utc_now()
    with shop_transaction(shop_id) as session:
        for card in lock_passes(session, shop_id, [member_id]):
            _tell_failed(session, card, reason, now)


def _revise(
    shop_id: int, member_ids: Sequence[UUID], errors: dict[UUID, Exception | None], now: datetime
) -> list[DuePush]:
    """What is to be pushed now; members to be asked for again later get their TooSoon."""
    with shop_transaction(shop_id) as session:
        cards = lock_passes(session, shop_id, member_ids)
        changes = list_changes(session, shop_id, cards, now=now)
        changed = [card.member_id for card in cards if card.id in changes]
        for member_id, pushed_at in registrations.last_pushes(session, shop_id, changed).items():
            try:
                check_pause(pushed_at, now=now)
            except TooSoon as error:
                errors[member_id] = error
        ready = [card for card in cards if errors[card.member_id] is None]
        unheard = revise(session, shop_id, ready, changes, now=now)
        due = registrations.list_due_pushes(session, shop_id, ready)
        _note_created(session, ready, due, now)
        for pass_id in {push.pass_id for push in due} & unheard.keys():
            key = unheard[pass_id]
            messages.note_unheard(session, shop_id, key, "apple", OUTRANKED, now)
    return due


def _note_created(
    session: Session, cards: Sequence[WalletPass], due: Sequence[DuePush], now: datetime
) -> None:
    """Push Created for what the phones have not been told; a silent change has none."""
    had: dict[UUID, int] = {}
    for push in due:
        had[push.pass_id] = min(push.pushed_revision, had.get(push.pass_id, push.pushed_revision))
    since: dict[UUID, int] = {}
    for card in cards:
        if card.id in had and card.push_created_revision < card.revision:
            since[card.id] = max(card.push_created_revision, had[card.id])
            card.push_told_revision = max(card.push_told_revision, had[card.id])
            card.push_created_revision = card.revision
    if due:
        shop_id = cards[0].shop_id
        created = _untold(session, cards, since)
        messages.note_created(session, shop_id, created, "apple", now)
        _note_hops(session, shop_id, due, "queued", now)


def _settle(
    session: Session,
    shop_id: int,
    due: Sequence[DuePush],
    outcomes: Mapping[str, Outcome],
    now: datetime,
) -> None:
    """Write down what APNs said of each device, and once per message how its push ended."""
    members = list({push.member_id for push in due})
    cards = {card.id: card for card in lock_passes(session, shop_id, members)}
    by_verdict: dict[str, list[DuePush]] = defaultdict(list)
    for push in due:
        if push.pass_id in cards:  # unless the shop was removed meanwhile
            by_verdict[outcomes[push.push_token].verdict].append(push)
    accepted = by_verdict.pop("ok", [])
    registrations.mark_pushed(session, shop_id, accepted, now=now)
    _note_hops(session, shop_id, accepted, "accepted", now)
    refused = [push for pushes in by_verdict.values() for push in pushes]
    _note_hops(session, shop_id, refused, "refused", now, outcomes)
    for push in by_verdict["gone"]:
        gone_at = outcomes[push.push_token].gone_at
        registrations.forget_device(
            session, shop_id, push.device_id, push.push_token, gone_at=gone_at, now=now
        )
    _tell(session, cards, due, outcomes, now)


def _tell(
    session: Session,
    cards: Mapping[UUID, WalletPass],
    due: Sequence[DuePush],
    outcomes: Mapping[str, Outcome],
    now: datetime,
) -> None:
    """Push Sent when one device was reached; Push Failed when no try can reach any."""
    by_pass: dict[UUID, list[Outcome]] = defaultdict(list)
    for push in due:
        by_pass[push.pass_id].append(outcomes[push.push_token])
    reached: list[WalletPass] = []
    for pass_id, of_pass in by_pass.items():
        verdicts = {outcome.verdict for outcome in of_pass}
        if pass_id not in cards:  # the shop was removed meanwhile
            continue
        if "ok" in verdicts:
            reached.append(cards[pass_id])
        elif "retry" not in verdicts:
            reasons = sorted({outcome.reason for outcome in of_pass})
            _tell_failed(session, cards[pass_id], "; ".join(reasons), now)
    if reached:
        sent = _untold(session, reached, {card.id: card.push_told_revision for card in reached})
        messages.note_sent(session, reached[0].shop_id, sent, "apple", now)
    for card in reached:
        card.push_told_revision = card.push_created_revision


def _tell_failed(session: Session, card: WalletPass, reason: str, now: datetime) -> None:
    for key in _untold(session, [card], {card.id: card.push_told_revision}):
        messages.note_failed(session, card.shop_id, key, "apple", reason, now)
    card.push_told_revision = card.push_created_revision


def _untold(
    session: Session, cards: Sequence[WalletPass], since: Mapping[UUID, int]
) -> list[MessageKey]:
    """The messages that each card's revisions after `since` are for; silent ones have none."""
    if not cards:
        return []
    found = list_untold(session, cards[0].shop_id, since)
    return [(card.member_id, message) for card in cards for message in found.get(card.id, ())]


def _note_hops(
    session: Session,
    shop_id: int,
    pushes: Sequence[DuePush],
    hop: Hop,
    now: datetime,
    outcomes: Mapping[str, Outcome] | None = None,
) -> None:
    hops = [
        NewHop(
            push.member_id,
            "apple",
            push.pass_id,
            push.revision,
            hop,
            push.device_id,
            outcomes[push.push_token].reason if outcomes else None,
        )
        for push in pushes
    ]
    note_hops(session, shop_id, hops, now=now)


def _failures(
    due: Sequence[DuePush], outcomes: Mapping[str, Outcome]
) -> dict[UUID, Exception | None]:
    failed: dict[UUID, list[Outcome]] = defaultdict(list)
    for push in due:
        outcome = outcomes[push.push_token]
        if outcome.verdict in ("retry", "dead"):
            failed[push.member_id].append(outcome)
    return {member_id: _error_of(of_member) for member_id, of_member in failed.items()}


def _error_of(failed: Sequence[Outcome]) -> ApplePassError:
    reasons = "; ".join(sorted({outcome.reason for outcome in failed}))
    is_retryable = any(outcome.verdict == "retry" for outcome in failed)
    return ApplePassError(f"push failed: {reasons}", retryable=is_retryable)
