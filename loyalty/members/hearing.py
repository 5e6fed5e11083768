"""What Shopify tells of its customers' consent becomes the word of the members they are.

The invariant: an older word of Shopify's never stands instead of a newer one, whoever said it.
Locks: the customers, then the members' balances, each in id order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import outbox, timeline
from loyalty.base.bulk import among, put_rows
from loyalty.members.consent import SHOPIFY, MemberConsent, Standing, settle
from loyalty.members.facts import ConsentFacts
from loyalty.members.tables import Customer, MemberBalance

Key = tuple[UUID, str]
"""A member and a channel."""
Told = Mapping[int, Sequence[ConsentFacts]]
"""Shopify's customer id → what the customer said, by Shopify."""
_COLUMNS = ("member_id", "channel", "state", "source", "changed_at", "refused_at")


def hear(
    session: Session, shop_id: int, told: Told, *, now: datetime, is_news: bool = False
) -> set[Key]:
    """Take over what was told of customers who are members, where it is the later word.

    Returns whose word has changed. `is_news`: it happened just now, so the timeline tells it and
    whoever goes by consent looks again. Flushes; the caller commits.
    """
    words = _by_member(session, shop_id, told, now)
    known = _lock_known(session, shop_id, {member_id for member_id, _ in words})
    changed = {
        key: standing
        for key in sorted(words)
        if (standing := _hear_all(known.get(key), words[key])) is not None
    }
    rows = [_row(shop_id, key, standing) for key, standing in changed.items()]
    put_rows(session, MemberConsent, rows)
    if is_news:
        for key, standing in changed.items():
            _tell(session, shop_id, key, standing, known.get(key), now)
    session.flush()
    return set(changed)


def _hear_all(known: Any, words: Sequence[ConsentFacts]) -> Standing | None:
    """How it stands after all the words of one member and channel; None: as before."""
    standing = None
    for word in words:
        standing = settle(standing or known, word.state, SHOPIFY, word.said_at) or standing
    return standing


def _by_member(
    session: Session, shop_id: int, told: Told, now: datetime
) -> dict[Key, list[ConsentFacts]]:
    """The words of each member and channel; a member may be several customers."""
    heard = {customer_id: words for customer_id, words in told.items() if words}
    found: dict[Key, list[ConsentFacts]] = {}
    for customer_id, member_id in _lock_owners(session, shop_id, heard):
        for word in heard[customer_id]:
            # A time that lies ahead would stand against every later word.
            said = ConsentFacts(word.channel, word.state, min(word.said_at, now))
            found.setdefault((member_id, word.channel), []).append(said)
    return found


def _lock_owners(session: Session, shop_id: int, heard: Told) -> list[tuple[int, UUID]]:
    if not heard:
        return []
    rows = session.execute(
        select(Customer.customer_id, Customer.member_id)
        .where(
            Customer.shop_id == shop_id,
            among(Customer.customer_id, sorted(heard)),
            Customer.member_id.is_not(None),
        )
        .order_by(Customer.customer_id)
        .with_for_update()
    )
    return [(row.customer_id, row.member_id) for row in rows]


def _lock_known(session: Session, shop_id: int, member_ids: set[UUID]) -> dict[Key, Any]:
    """The words that are known of these members, whose balances are locked from here on."""
    if not member_ids:
        return {}
    session.execute(
        select(MemberBalance.member_id)
        .where(MemberBalance.shop_id == shop_id, among(MemberBalance.member_id, member_ids))
        .order_by(MemberBalance.member_id)
        .with_for_update()
    ).all()
    rows = session.execute(
        select(*(getattr(MemberConsent, name) for name in _COLUMNS)).where(
            MemberConsent.shop_id == shop_id, among(MemberConsent.member_id, member_ids)
        )
    )
    return {(row.member_id, row.channel): row for row in rows}


def _row(shop_id: int, key: Key, standing: Standing) -> dict[str, Any]:
    return {"shop_id": shop_id, "member_id": key[0], "channel": key[1]} | asdict(standing)


def _tell(
    session: Session, shop_id: int, key: Key, standing: Standing, before: Any, now: datetime
) -> None:
    member_id, channel = key
    if before is not None and before.state == standing.state:
        return
    timeline.note_event(
        session,
        shop_id,
        member_id,
        timeline.CONSENT_CHANGED,
        standing.changed_at,
        channel=channel,
        consent=standing.state,
        consent_source=SHOPIFY,
    )
    outbox.stage(session, shop_id, outbox.MEMBER_CHANGED, member_id=member_id, now=now)
