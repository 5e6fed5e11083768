"""Paying both sides of a referral, once, and taking it back, once.

The invariant: what stands of a referral in the ledger is `advocate_points` and `friend_points`
while it is paid, and nothing otherwise. Balances are locked by the caller, in the books.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import automatic_emails, outbox, timeline
from loyalty.badges.awarding import give_badges
from loyalty.criteria.facts import Source
from loyalty.ledger import dying, reversal
from loyalty.ledger.books import Books
from loyalty.ledger.journal import Cause
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.identity import survivor_of
from loyalty.members.tables import Member
from loyalty.referrals.tables import Referral
from loyalty.shops.tables import Shop
from loyalty.tiers.standing import BY_POINTS, after_changes

ADVOCATE, FRIEND = "advocate", "friend"
SOURCE_KINDS = {ADVOCATE: "referral", FRIEND: "referral_friend"}
"""Who was brought has brought nobody: the two are told apart by this."""


def pay(session: Session, shop: Shop, referral: Referral, books: Books, people: "People") -> None:
    """Credit both sides what was fixed; who is not active any more gets nothing."""
    for side, member_id in people.items():
        points = getattr(referral, f"{side}_points")
        if not points or not _is_active(session, shop.shop_id, member_id):
            setattr(referral, f"{side}_points", 0)
            continue
        books.credit(member_id, _cause(referral, side, books.now), points=points)
        _note(session, referral, member_id, timeline.REFERRAL_REWARDED, side, points, books.now)
        if side == ADVOCATE and automatic_emails.is_on(session, shop.shop_id, "referral"):
            _ask_email(session, referral, member_id, points, books.now)
    books.write()
    _follow_up(session, shop, people, books.now)


def take_back(
    session: Session, shop: Shop, referral: Referral, books: Books, *, reason: str
) -> None:
    """Reverse what either side got, their lots first; spent points go negative, or are forgiven."""
    paid = _list_paid(session, referral.shop_id, referral.id)
    owners = find_owners(session, referral.shop_id, referral.id)
    for side, entry in paid.items():
        member_id, points, kind = owners[side], -entry.points, timeline.REFERRAL_REVERSED
        _reverse(books, member_id, entry, reason)
        _note(session, referral, member_id, kind, side, points, books.now, reason=reason)
    books.write()
    _follow_up(session, shop, owners, books.now)


def find_owners(session: Session, shop_id: int, referral_id: UUID) -> "People":
    """Who has what was paid by now: whom it was paid to, or who has taken them in.

    After a merge was undone that need not be who was brought, or who brought them.
    """
    paid = _list_paid(session, shop_id, referral_id)
    return {side: survivor_of(session, shop_id, entry.member_id) for side, entry in paid.items()}


People = dict[str, UUID]
"""Who the two sides are by now: `friend` and `advocate`."""


def _reverse(books: Books, member_id: UUID, entry: LedgerEntry, reason: str) -> None:
    cause = Cause(
        kind="earn_reversal",
        idempotency_key=f"{entry.idempotency_key}:reversal",
        source_kind=entry.source_kind,
        source_id=entry.source_id,
        actor="system:encore",
        occurred_at=books.now,
        reason_code=reason,
        reverses_id=entry.id,
    )
    if books.journal.find(member_id, cause) is not None:
        return
    dying.expire_dead(books, member_id)
    own = [lot for lot in books.shelf.lots_of_entries([entry.id]) if lot.member_id == member_id]
    short = entry.points - sum(lot.points_left for lot in own)
    if short > 0:
        reversal.undo_expiry_of(books, cause, own, short)
    reversal.take_back(books, member_id, cause, entry.points, own)


def _ask_email(
    session: Session, referral: Referral, member_id: UUID, points: int, now: datetime
) -> None:
    body = {"referral_id": str(referral.id), "points": points}
    kind = outbox.REFERRAL_EMAIL_ASKED
    outbox.stage(session, referral.shop_id, kind, member_id=member_id, body=body, now=now)


def _cause(referral: Referral, side: str, now: datetime) -> Cause:
    return Cause(
        kind="referral",
        idempotency_key=f"referral:{referral.id}:{side}",
        source_kind=SOURCE_KINDS[side],
        source_id=str(referral.id),
        actor="system:encore",
        occurred_at=now,
        reason_code=side,
    )


def _list_paid(session: Session, shop_id: int, referral_id: UUID) -> dict[str, LedgerEntry]:
    """What was posted for it, by side."""
    keys = {f"referral:{referral_id}:{side}": side for side in (FRIEND, ADVOCATE)}
    entries = session.scalars(
        select(LedgerEntry)
        .where(LedgerEntry.shop_id == shop_id, LedgerEntry.idempotency_key.in_(keys))
        .order_by(LedgerEntry.id)
    )
    return {keys[entry.idempotency_key]: entry for entry in entries}


def _is_active(session: Session, shop_id: int, member_id: UUID) -> bool:
    state = session.scalar(
        select(Member.state).where(Member.shop_id == shop_id, Member.id == member_id)
    )
    return state == "active"


def _note(
    session: Session,
    referral: Referral,
    member_id: UUID,
    kind: str,
    side: str,
    points: int,
    now: datetime,
    **details: str,
) -> None:
    timeline.note_event(
        session, referral.shop_id, member_id, kind, now, side=side, points=points, **details
    )


def _follow_up(session: Session, shop: Shop, people: People, now: datetime) -> None:
    """The tiers and badges that both have come to by it."""
    members = sorted(set(people.values()))
    after_changes(session, shop, members, now=now, touched=BY_POINTS)
    give_badges(session, shop, members, now=now, touched=(Source.ENTRIES,))
