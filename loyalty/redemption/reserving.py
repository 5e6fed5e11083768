"""Points become a reward: the first of two transactions, which takes them and promises the reward.

The invariant: a reserved redemption and its debit are written together; a refusal writes nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.badges.awarding import give_badges
from loyalty.base.errors import BadReward, IdempotencyConflict
from loyalty.base.ids import new_id
from loyalty.criteria.facts import Source
from loyalty.ledger import dying
from loyalty.ledger.books import Books
from loyalty.ledger.journal import Cause
from loyalty.ledger.posting import lock_balance
from loyalty.members.states import get_active_member
from loyalty.members.tables import MemberBalance
from loyalty.redemption import velocity
from loyalty.redemption.codes import choose_code
from loyalty.redemption.points import LEASE
from loyalty.redemption.tables import Redemption
from loyalty.redemption.terms import Terms
from loyalty.rewards import stock
from loyalty.rewards.deciding import decide, price_or_refuse
from loyalty.rewards.eligibility import CHANNELS, expires_at, read_circumstances
from loyalty.rewards.listing import get_reward
from loyalty.rewards.pricing import Price
from loyalty.rewards.tables import Reward
from loyalty.shops.tables import Shop

_NUMBER_MAX = 2**53
_BADGE_FACTS = (Source.BALANCE, Source.ENTRIES)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for. The same `client_key` again is the same wish.

    `points`: so many at most, for a reward priced per point; else as many as it takes.
    `cart_minor`: what the cart comes to, in minor units of shop money, where it is known.
    `sends_email`: the member is sent the code by email.
    """

    reward_id: UUID
    channel: str
    client_key: UUID
    points: int | None = None
    cart_minor: int | None = None
    sends_email: bool = False


def reserve(
    session: Session, shop: Shop, member_id: UUID, wish: Wish, *, actor: Actor, now: datetime
) -> Redemption:
    """Take the points and promise the reward: its discount is made after the commit.

    Raises BadReward, RewardNotFound, RewardNotAvailable, RewardLimitReached, OutOfStock,
    CartTooSmall, InsufficientPoints, ProgrammePaused, MemberNotFound, MemberHasMoved,
    MemberNotActive, IdempotencyConflict. Locks the balance; flushes; the caller commits.
    """
    _check(wish)
    balance = lock_balance(session, shop.shop_id, member_id)
    known = _find_known(session, shop.shop_id, wish.client_key)
    if known is not None:
        return _same(known, member_id, wish)
    get_active_member(session, shop.shop_id, member_id)
    reward = get_reward(session, shop.shop_id, wish.reward_id)
    return _reserve(session, shop, balance, reward, wish, actor, now)


def _check(wish: Wish) -> None:
    if wish.channel not in CHANNELS:
        raise BadReward("channel", f"is none of {', '.join(CHANNELS)}")
    for field, least in (("points", 1), ("cart_minor", 0)):
        value = getattr(wish, field)
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if value is not None and not (is_whole and least <= value <= _NUMBER_MAX):
            raise BadReward(field, f"is no whole number from {least} on")


def _find_known(session: Session, shop_id: int, client_key: UUID) -> Redemption | None:
    return session.scalar(
        select(Redemption)
        .where(Redemption.shop_id == shop_id, Redemption.client_key == client_key)
        .execution_options(populate_existing=True)
    )


def _same(known: Redemption, member_id: UUID, wish: Wish) -> Redemption:
    """The redemption that this wish made before; another wish with its key is refused."""
    terms = Terms.from_json(known.terms)
    before = (known.member_id, known.reward_id, known.channel, known.sends_email)
    asked = (member_id, wish.reward_id, wish.channel, wish.sends_email)
    amounts = (terms.asked_points, terms.cart_minor)
    if (before, amounts) != (asked, (wish.points, wish.cart_minor)):
        raise IdempotencyConflict(str(wish.client_key))
    return known


def _reserve(
    session: Session,
    shop: Shop,
    balance: MemberBalance,
    reward: Reward,
    wish: Wish,
    actor: Actor,
    now: datetime,
) -> Redemption:
    member_id, redemption_id = balance.member_id, new_id()
    books = Books.of(session, balance, now=now)
    # What is over at midnight buys nothing, even before the nightly run.
    dying.expire_dead(books, member_id)
    verdict = decide(
        reward,
        member_id,
        read_circumstances(session, shop, [reward], [member_id], now=now),
        channel=wish.channel,
        available=books.balance(member_id).available,
        asked=wish.points,
        cart_minor=wish.cart_minor,
    )
    price = price_or_refuse(verdict)
    code = _code(session, reward, redemption_id)
    cause = _cause(redemption_id, actor, now)
    books.vouch(cause.idempotency_key)
    entry = books.debit(member_id, cause, points=price.points)
    books.write()
    row = _row(shop, reward, price, wish, now) | {
        "id": redemption_id,
        "member_id": member_id,
        "entry_id": entry.id,
        "actor": str(actor),
        "code": code,
        "flags": velocity.flags_for(session, shop.shop_id, member_id, actor, now=now),
    }
    redemption = _insert(session, row)
    if actor.kind != "member":
        _audit(session, redemption, actor, now)
    give_badges(session, shop, [member_id], now=now, touched=_BADGE_FACTS)
    return redemption


def _audit(session: Session, redemption: Redemption, actor: Actor, now: datetime) -> None:
    audit.record(
        session,
        redemption.shop_id,
        actor,
        "reward_redeemed",
        ("member", str(redemption.member_id)),
        now=now,
        redemption_id=str(redemption.id),
        reward_id=str(redemption.reward_id),
        points=redemption.points,
    )


def _code(session: Session, reward: Reward, redemption_id: UUID) -> str | None:
    if reward.kind == "store_credit":
        return None
    if reward.code_source == "stock":
        return stock.take_code(session, reward, redemption_id)
    return choose_code(session, reward.shop_id)


def _cause(redemption_id: UUID, actor: Actor, now: datetime) -> Cause:
    return Cause(
        kind="redeem",
        idempotency_key=f"redemption:{redemption_id}",
        source_kind="redemption",
        source_id=str(redemption_id),
        actor=str(actor),
        occurred_at=now,
    )


def _row(shop: Shop, reward: Reward, price: Price, wish: Wish, now: datetime) -> dict[str, Any]:
    terms = Terms.of(
        reward,
        shop.currency,
        amount_minor=price.amount_minor,
        asked_points=wish.points,
        cart_minor=wish.cart_minor,
    )
    return {
        "shop_id": shop.shop_id,
        "reward_id": reward.id,
        "reward_version": reward.version,
        "terms": terms.to_json(),
        "points": price.points,
        "state": "reserved",
        "channel": wish.channel,
        "client_key": wish.client_key,
        "sends_email": wish.sends_email,
        "reserved_at": now,
        "expires_at": expires_at(shop, terms.validity_days, now) if terms.has_code else None,
        "next_at": now + LEASE,
    }


def _insert(session: Session, row: dict[str, Any]) -> Redemption:
    """The row; a key that another member's wish has used meanwhile refuses it."""
    statement = (
        insert(Redemption)
        .values(row)
        .on_conflict_do_nothing(index_elements=["shop_id", "client_key"])
        .returning(Redemption)
    )
    redemption = session.scalar(statement)
    if redemption is None:
        raise IdempotencyConflict(str(row["client_key"]))
    return redemption
