"""Codes sent by email: asked for, and typed. What a code lets happen was fixed when it was asked.

The code is a keyed hash of the challenge and of the address, so that it is stored nowhere and
dies with a change of the address.
"""

import hmac
import re
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from loyalty import audit, outbox, timeline
from loyalty.audit import Actor
from loyalty.base.errors import NoEmailAddress, TooManyRequests
from loyalty.base.ids import new_id
from loyalty.ledger.posting import lock_balance
from loyalty.members.states import get_active_member
from loyalty.members.tables import Member
from loyalty.proofs.tables import EmailChallenge

Purpose = Literal["data", "erase", "redeem"]
Verdict = Literal["right", "wrong", "over"]

GOOD_FOR = timedelta(minutes=15)
TRIES_MAX = 5
PER_DAY = 10
"""With five tries each: who guesses is right on one day in twenty thousand."""
SAME_ASKING = timedelta(minutes=1)
"""Two taps on the button within this are one."""

_DIGITS = 6
_SEPARATORS = re.compile(r"[\s-]+")


def ask(
    session: Session,
    shop_id: int,
    member_id: UUID,
    purpose: Purpose,
    *,
    body: dict[str, Any],
    said: dict[str, Any] | None = None,
    actor: Actor,
    now: datetime,
) -> EmailChallenge:
    """Have a code sent to the member's address that lets `purpose` happen, as `body` has it.

    Asked for the same a moment ago, it is the same challenge. `said` goes to the email's words.
    Raises NoEmailAddress, TooManyRequests after PER_DAY a day, MemberNotFound, MemberNotActive.
    The caller commits.
    """
    lock_balance(session, shop_id, member_id)
    member = get_active_member(session, shop_id, member_id)
    if not member.email_norm:
        raise NoEmailAddress("no address to send a code to")
    last = _find_last(session, shop_id, member_id)
    if last is not None and _is_same(last, purpose, body, now):
        return last
    if _asked_since(session, shop_id, member_id, now - timedelta(days=1)) >= PER_DAY:
        raise TooManyRequests("too many codes to one address")
    challenge = EmailChallenge(
        shop_id=shop_id,
        id=new_id(),
        member_id=member_id,
        purpose=purpose,
        body=body,
        wrong_tries=0,
        asked_at=now,
    )
    session.add(challenge)
    _send(session, challenge, said or {}, actor, now)
    session.flush()
    return challenge


def find_challenge(
    session: Session, shop_id: int, member_id: UUID, challenge_id: UUID
) -> EmailChallenge | None:
    """The member's own challenge."""
    found = session.get(EmailChallenge, (shop_id, challenge_id), populate_existing=True)
    return found if found is not None and found.member_id == member_id else None


def is_over(challenge: EmailChallenge, now: datetime) -> bool:
    """Whether no code can be typed for it any more."""
    return challenge.wrong_tries >= TRIES_MAX or now >= challenge.asked_at + GOOD_FOR


def try_code(
    session: Session, challenge: EmailChallenge, typed: str, *, key: bytes, now: datetime
) -> Verdict:
    """Whether `typed` is the code. The right one may come again until its time is over.

    A wrong one counts, so the caller commits before doing anything else.
    """
    place = challenge.shop_id, challenge.id
    session.get_one(EmailChallenge, place, with_for_update=True, populate_existing=True)
    if is_over(challenge, now):
        return "over"
    member = session.get_one(Member, (challenge.shop_id, challenge.member_id))
    right = code_of(key, challenge.shop_id, challenge.id, member.email_norm)
    if not hmac.compare_digest(right.encode(), _SEPARATORS.sub("", typed).encode()):
        challenge.wrong_tries += 1
        session.flush()
        return "over" if is_over(challenge, now) else "wrong"
    challenge.proved_at = challenge.proved_at or now
    session.flush()
    return "right"


def forget_old_challenges(session: Session, shop_id: int, *, before: datetime) -> int:
    """Delete what was asked for before then; how many."""
    old = (EmailChallenge.shop_id == shop_id) & (EmailChallenge.asked_at < before)
    result = session.execute(
        delete(EmailChallenge).where(old), execution_options={"synchronize_session": False}
    )
    return result.rowcount  # type: ignore[attr-defined]


def code_of(key: bytes, shop_id: int, challenge_id: UUID, email_norm: str) -> str:
    """The six digits that are sent to the address."""
    # The prefix keeps other uses of the same key apart.
    told = f"encore emailed code\0{shop_id}\0{challenge_id}\0{email_norm}"
    number = int.from_bytes(hmac.digest(key, told.encode(), "sha256")[:8])
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"


def _find_last(session: Session, shop_id: int, member_id: UUID) -> EmailChallenge | None:
    return session.scalar(
        select(EmailChallenge)
        .where(EmailChallenge.shop_id == shop_id, EmailChallenge.member_id == member_id)
        .order_by(EmailChallenge.asked_at.desc())
        .limit(1)
    )


def _is_same(last: EmailChallenge, purpose: str, body: dict[str, Any], now: datetime) -> bool:
    is_fresh = now - last.asked_at < SAME_ASKING and not is_over(last, now)
    return is_fresh and last.proved_at is None and (last.purpose, last.body) == (purpose, body)


def _asked_since(session: Session, shop_id: int, member_id: UUID, since: datetime) -> int:
    statement = select(func.count()).where(
        EmailChallenge.shop_id == shop_id,
        EmailChallenge.member_id == member_id,
        EmailChallenge.asked_at > since,
    )
    return session.scalar(statement) or 0


def _send(
    session: Session,
    challenge: EmailChallenge,
    said: dict[str, Any],
    actor: Actor,
    now: datetime,
) -> None:
    shop_id, member_id = challenge.shop_id, challenge.member_id
    body = {
        "challenge_id": str(challenge.id),
        "purpose": challenge.purpose,
        "is_asked_for": True,
        **said,
    }
    outbox.stage(
        session, shop_id, outbox.PROOF_EMAIL_ASKED, member_id=member_id, body=body, now=now
    )
    kind = timeline.EMAIL_ASKED
    timeline.note_event(session, shop_id, member_id, kind, now, email="proof", actor=str(actor))
    subject = ("member", str(member_id))
    action = f"code_asked_to_{challenge.purpose}"
    audit.record(session, shop_id, actor, action, subject, now=now)
