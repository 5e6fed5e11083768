"""Points given or taken by hand. Each is one entry with its reason, and one audit row."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty import audit, outbox
from loyalty.audit import Actor
from loyalty.base.errors import BadAdjustment
from loyalty.base.said import said
from loyalty.ledger.posting import Cause, credit, debit, lock_balance
from loyalty.ledger.tables import EntryNote, LedgerEntry
from loyalty.members.states import get_active_member
from loyalty.shops.directory import get_shop
from loyalty.tiers.standing import BY_POINTS, after_change

REASONS = (
    ("service_recovery", said("Service recovery")),
    ("contest", said("Contest")),
    ("vip_bonus", said("VIP bonus")),
    ("refund", said("Refund")),
    ("cancelled_order", said("Cancelled order")),
    ("error_correction", said("Error correction")),
    ("other", said("Other")),
)
POINTS_MAX = 1_000_000
_NOTE_MAX = 500
_KEY_MAX = 100


def adjust(
    session: Session,
    shop_id: int,
    member_id: UUID,
    *,
    points: str | int,
    reason: str,
    note: str | None,
    order_reference: str | None,
    client_key: str,
    actor: Actor,
    now: datetime,
    tells_member: bool = False,
) -> LedgerEntry:
    """Post a signed number of points; the same `client_key` again returns the first entry.

    `tells_member`: an email goes to them, unless they want none.
    Raises BadAdjustment for input that cannot be posted, InsufficientPoints when a
    deduction exceeds what is available, MemberNotFound, MemberNotActive. Flushes; the caller
    commits.
    """
    signed = read_points(points)
    _check_texts(reason, note, order_reference, client_key)
    balance = lock_balance(session, shop_id, member_id)
    # Behind the lock, as archiving takes it first: what is put away gets nothing more.
    get_active_member(session, shop_id, member_id)
    cause = Cause(
        kind="grant" if signed > 0 else "deduct",
        idempotency_key=f"adjustment:{client_key}",
        source_kind="adjustment",
        source_id=client_key,
        actor=str(actor),
        occurred_at=now,
        reason_code=reason,
        order_name=order_reference or None,
    )
    move = credit if signed > 0 else debit
    entry = move(session, balance, cause, points=abs(signed), now=now)
    if entry.posted_at == now:
        _note_and_audit(session, entry, note, order_reference, actor, now)
        if tells_member:
            body = {"points": signed}
            outbox.stage(
                session,
                shop_id,
                outbox.ADJUSTMENT_EMAIL_ASKED,
                member_id=member_id,
                body=body,
                now=now,
            )
        # Grants count for tiers where the merchant ticked so.
        after_change(session, get_shop(session, shop_id), member_id, now=now, touched=BY_POINTS)
    return entry


def read_points(points: str | int) -> int:
    """A signed whole number as typed, not 0; raises BadAdjustment for what is none."""
    text = str(points).strip().replace("\N{MINUS SIGN}", "-")
    digits = text.removeprefix("-").removeprefix("+")
    if not text:
        raise BadAdjustment("points", said("Enter a number of points"))
    if not (digits.isascii() and digits.isdigit()) or len(text) - len(digits) > 1:
        raise BadAdjustment("points", said("Enter a whole number, such as 100 or -50"))
    if len(digits) > 20 or int(digits) > POINTS_MAX:
        raise BadAdjustment("points", said("Enter at most %(most)s points", most=f"{POINTS_MAX:,}"))
    if int(digits) == 0:
        raise BadAdjustment("points", said("Enter a number other than 0"))
    return int(text)


def _check_texts(
    reason: str, note: str | None, order_reference: str | None, client_key: str
) -> None:
    if reason not in dict(REASONS):
        raise BadAdjustment("reason", said("Choose a reason"))
    for field, text, longest in (
        ("note", note, _NOTE_MAX),
        ("order_reference", order_reference, 50),
    ):
        if text and (len(text) > longest or "\0" in text):
            raise BadAdjustment(field, said("Use at most %(most)s characters", most=longest))
    if not client_key or len(client_key) > _KEY_MAX or not _is_plain(client_key):
        raise BadAdjustment("client_key", said("Reload the page and try again"))


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _note_and_audit(
    session: Session,
    entry: LedgerEntry,
    note: str | None,
    order_reference: str | None,
    actor: Actor,
    now: datetime,
) -> None:
    if note or order_reference:
        body = "\n".join(part for part in (order_reference, note) if part)
        session.add(
            EntryNote(
                shop_id=entry.shop_id, entry_id=entry.id, member_id=entry.member_id, body=body
            )
        )
    audit.record(
        session,
        entry.shop_id,
        actor,
        "points_adjusted",
        ("member", str(entry.member_id)),
        now=now,
        entry=str(entry.id),
        points=entry.points,
        reason=entry.reason_code,
    )
    session.flush()
