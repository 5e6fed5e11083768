"""Coming by a member's link: the form is kept, and taken once it is known who sent it.

The invariant: a person is brought once, by somebody else, and never after they have bought.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.base.ids import new_id
from loyalty.ledger.posting import lock_balance
from loyalty.members.identity import survivor_of, with_merged
from loyalty.members.join_requests import JoinRequest
from loyalty.members.tables import Member
from loyalty.referrals.deciding import has_earlier_order
from loyalty.referrals.gifts import give_coupon
from loyalty.referrals.likeness import Traits, hash_of, likeness, traits_of
from loyalty.referrals.namesakes import find_namesakes
from loyalty.referrals.tables import Referral, ReferralEmail
from loyalty.shops.tables import Shop

CLAIMS_MAX = 10
CLAIMS_WITHIN = timedelta(days=7)
"""More claims than that on one link, or from one place or address, are looked at by a person."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A claim whose form was carried out: who sent it is a member by now."""

    referral_id: UUID
    friend_id: UUID
    claimed_at: datetime


def keep_claim(
    session: Session, request: JoinRequest, advocate_id: UUID, *, now: datetime
) -> Referral:
    """Remember by whose link the form came. Flushes; the caller commits."""
    referral = Referral(
        shop_id=request.shop_id,
        id=new_id(),
        advocate_id=advocate_id,
        request_id=request.id,
        state="asked",
        # Shopify's times have no fractions: an order of this very second is no earlier one.
        claimed_at=now.replace(microsecond=0),
        client_hash=request.client_hash,
    )
    session.add(referral)
    session.flush()
    return referral


def find_asked(session: Session, shop_id: int, request_id: UUID) -> Asked | None:
    """The claim that came with a form which was carried out, unless it was taken already."""
    row = session.execute(
        select(Referral.id, Referral.claimed_at, JoinRequest.member_id)
        .join(
            JoinRequest,
            (JoinRequest.shop_id == Referral.shop_id) & (JoinRequest.id == Referral.request_id),
        )
        .where(
            Referral.shop_id == shop_id,
            Referral.request_id == request_id,
            Referral.state == "asked",
            JoinRequest.member_id.is_not(None),
        )
    ).first()
    return Asked(row.id, row.member_id, row.claimed_at) if row is not None else None


def take_claim(
    session: Session, shop: Shop, asked: Asked, *, earlier_orders: int, now: datetime
) -> Referral:
    """Block the claim, put it before a person, or give the friend their coupon.

    `earlier_orders`: how many Shopify counts from before. Locks both balances; again it changes
    nothing. Raises MemberHasMoved. Flushes; the caller commits.
    """
    known = session.get_one(Referral, (shop.shop_id, asked.referral_id))
    friend_id = survivor_of(session, shop.shop_id, asked.friend_id)
    advocate_id = survivor_of(session, shop.shop_id, known.advocate_id)
    for member_id in sorted({friend_id, advocate_id}):
        lock_balance(session, shop.shop_id, member_id)
    referral = session.get_one(
        Referral, (shop.shop_id, known.id), with_for_update=True, populate_existing=True
    )
    if referral.state != "asked":
        return referral
    friend = traits_of(session, shop.shop_id, friend_id)
    _keep_emails(session, referral, friend)
    referral.address_hash = hash_of(shop.shop_id, min(friend.addresses, default=""))
    reason = _blocked_by(session, shop, referral, friend, advocate_id, earlier_orders)
    if reason is None and _find_other(session, referral, friend):
        reason = "brought_before"
    if reason is not None:
        referral.state, referral.reason, referral.friend_id = "blocked", reason, friend_id
        session.flush()
        return referral
    referral.friend_id = friend_id
    is_flagged = _is_suspicious(session, referral, advocate_id)
    referral.state = "flagged" if is_flagged else "waiting"
    session.flush()
    _note(session, referral, advocate_id, now)
    if not is_flagged:
        open_claim(session, shop, referral, now=now)
    return referral


def open_claim(session: Session, shop: Shop, referral: Referral, *, now: datetime) -> None:
    """Let the claim wait for the friend's first order, and give them their coupon."""
    assert referral.friend_id is not None
    # The order may have come before we knew whose it is.
    referral.state, referral.due_at = "waiting", now
    session.flush()
    give_coupon(session, shop, referral, now=now)


def drop_claim(session: Session, shop_id: int, request_id: UUID) -> None:
    """The form came to nothing. Flushes; the caller commits."""
    referral = session.scalar(
        select(Referral)
        .where(
            Referral.shop_id == shop_id,
            Referral.request_id == request_id,
            Referral.state == "asked",
        )
        .with_for_update()
    )
    if referral is not None:
        referral.state, referral.reason = "blocked", "no_customer"
        session.flush()


def was_brought_before(session: Session, referral: Referral, friend: Traits) -> bool:
    """Whether this person, by whichever address they are known, was brought by an earlier claim."""
    is_earlier = or_(
        Referral.claimed_at < referral.claimed_at,
        (Referral.claimed_at == referral.claimed_at) & (Referral.id < referral.id),
        Referral.state.in_(("paid", "reversed")),
    )
    return _find_other(session, referral, friend, is_earlier)


def _find_other(
    session: Session, referral: Referral, friend: Traits, *which: ColumnElement[bool]
) -> bool:
    """Whether the person was brought by another claim, of those `which`."""
    known_by = select(ReferralEmail.email_hash).where(
        ReferralEmail.shop_id == referral.shop_id, ReferralEmail.referral_id == referral.id
    )
    brought_by = select(ReferralEmail.referral_id).where(
        ReferralEmail.shop_id == referral.shop_id,
        or_(
            ReferralEmail.email_hash.in_(_hashes(referral.shop_id, friend)),
            ReferralEmail.email_hash.in_(known_by),
        ),
    )
    statement = select(Referral.id).where(
        Referral.shop_id == referral.shop_id,
        Referral.id != referral.id,
        Referral.state.not_in(("asked", "blocked")),
        or_(Referral.friend_id.in_(friend.member_ids), Referral.id.in_(brought_by)),
        *which,
    )
    return session.scalar(statement.limit(1)) is not None


def _keep_emails(session: Session, referral: Referral, friend: Traits) -> None:
    """Keep by which addresses the friend will be known again, and nothing more of them."""
    session.add_all(
        ReferralEmail(shop_id=referral.shop_id, referral_id=referral.id, email_hash=one)
        for one in _hashes(referral.shop_id, friend)
    )


def _hashes(shop_id: int, friend: Traits) -> list[bytes]:
    found = (hash_of(shop_id, email) for email in sorted(friend.emails))
    return [one for one in found if one is not None]


def _blocked_by(
    session: Session,
    shop: Shop,
    referral: Referral,
    friend: Traits,
    advocate_id: UUID,
    earlier_orders: int,
) -> str | None:
    advocate = session.get_one(Member, (shop.shop_id, advocate_id))
    if advocate.state != "active":
        return "no_advocate"
    alike = likeness(friend, traits_of(session, shop.shop_id, advocate_id))
    if alike is not None:
        return alike
    namesakes = find_namesakes(session, shop.shop_id, friend)
    has_bought = earlier_orders > 0 or has_earlier_order(
        session, shop.shop_id, namesakes, claimed_at=referral.claimed_at
    )
    return "earlier_order" if has_bought else None


def _is_suspicious(session: Session, referral: Referral, advocate_id: UUID) -> bool:
    """Whether this claim is one too many on its link, from its place or for its address."""
    of_link = Referral.advocate_id.in_(with_merged(session, referral.shop_id, [advocate_id]))
    ways: list[ColumnElement[bool]] = [of_link, Referral.client_hash == referral.client_hash]
    if referral.address_hash is not None:
        ways.append(Referral.address_hash == referral.address_hash)
    return any(_count(session, referral, way) > CLAIMS_MAX for way in ways)


def _count(session: Session, referral: Referral, which: ColumnElement[bool]) -> int:
    statement = select(func.count()).where(
        Referral.shop_id == referral.shop_id,
        Referral.claimed_at > referral.claimed_at - CLAIMS_WITHIN,
        Referral.claimed_at <= referral.claimed_at,
        which,
    )
    return session.scalar(statement) or 0


def _note(session: Session, referral: Referral, advocate_id: UUID, now: datetime) -> None:
    kind, state = timeline.REFERRAL_CLAIMED, referral.state
    timeline.note_event(session, referral.shop_id, advocate_id, kind, now, referral_state=state)
