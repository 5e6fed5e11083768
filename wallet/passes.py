"""A member's passes and their revisions. A tag is given under the lock of the shop's pass type.

So tags become visible in the order of their numbers, and a device that has
seen tag 7 has missed nothing below it.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty import outbox
from loyalty.base.ids import new_id
from wallet import setup
from wallet.content import Content, as_void, card_content, list_contents
from wallet.marketing import list_audible
from wallet.messages import MessageKey, name_messages
from wallet.notices import Kind, differing, loudest, said_by
from wallet.tables import PassRevision, PassType, WalletPass


def open_apple_pass(
    session: Session, shop_id: int, member_id: UUID, *, now: datetime
) -> WalletPass:
    """The member's own live Apple pass, made at first use. Raises MemberNotFound."""
    live = _find_live(session, shop_id, member_id)
    if live is not None:
        return live
    pass_type_id = setup.apple().pass_type_id
    tag = next_tag(session, shop_id, pass_type_id)
    values = {
        "shop_id": shop_id,
        "id": new_id(),
        "member_id": member_id,
        "platform": "apple",
        "pass_type_id": pass_type_id,
        "authentication_token": secrets.token_urlsafe(32),
        "revision": 1,
        "tag": tag,
        "content": card_content(session, shop_id, member_id, voided=False, now=now),
        "last_modified_at": now.replace(microsecond=0),
        "created_at": now,
    }
    made = session.execute(
        insert(WalletPass).values(values).on_conflict_do_nothing().returning(WalletPass.id)
    ).first()
    # A change that was committed while we read found no pass to revise: look once more after us.
    outbox.stage(session, shop_id, outbox.MEMBER_CHANGED, member_id=member_id, now=now)
    opened = _find_live(session, shop_id, member_id)
    assert opened is not None
    if made is not None:
        session.add(_revision_of(opened, None, None))
        session.flush()
    return opened


def lock_passes(session: Session, shop_id: int, member_ids: Sequence[UUID]) -> Sequence[WalletPass]:
    """All passes of the members, void ones too, locked until the transaction ends."""
    # All locks before the first tag: who registers a pass takes them in that order too.
    return session.scalars(
        select(WalletPass)
        .where(WalletPass.shop_id == shop_id, WalletPass.member_id.in_(member_ids))
        .order_by(WalletPass.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def list_changes(
    session: Session, shop_id: int, cards: Sequence[WalletPass], *, now: datetime
) -> dict[UUID, Content]:
    """pass id → what it should say, of those that should look different by now.

    Passes of members that are gone stay as they are.
    """
    contents = list_contents(session, shop_id, [card.member_id for card in cards], now=now)
    wanted = {
        card.id: _void_or_live(card, contents[card.member_id])
        for card in cards
        if card.member_id in contents
    }
    return {
        card.id: wanted[card.id]
        for card in cards
        if wanted.get(card.id, card.content) != card.content
    }


def revise(
    session: Session,
    shop_id: int,
    cards: Sequence[WalletPass],
    changes: Mapping[UUID, Content],
    *,
    now: datetime,
) -> dict[UUID, MessageKey]:
    """Give those of the locked `cards` that have `changes` a new revision that shows them.

    Returns the shop's own texts that nobody will hear there, by pass: something more important
    changed with them.
    """
    changed = [card for card in cards if card.id in changes]
    if not changed:
        return {}
    members = [card.member_id for card in changed]
    preferences = list_audible(session, shop_id, members)
    unheard: dict[UUID, MessageKey] = {}
    messages = name_messages(session, shop_id, {c.member_id: changes[c.id] for c in changed})
    _give_tags(session, shop_id, changed)
    for card in changed:
        content = changes[card.id]
        held, said = said_by(card.content), said_by(content)
        kind = loudest(held, said, preferences[card.member_id])
        is_outranked = kind not in (None, "marketing") and preferences[card.member_id].marketing
        if is_outranked and "marketing" in differing(held, said):
            unheard[card.id] = (card.member_id, messages["marketing"][card.member_id])
        _revise_one(card, content, now)
        message = messages[kind].get(card.member_id) if kind else None
        session.add(_revision_of(card, kind, message))
    session.flush()
    return unheard


def next_tag(session: Session, shop_id: int, pass_type_id: str, count: int = 1) -> int:
    """The last of the next `count` tags of the shop's pass type; others wait until the commit."""
    raised = (
        update(PassType)
        .where(PassType.shop_id == shop_id, PassType.pass_type_id == pass_type_id)
        .values(last_tag=PassType.last_tag + count)
        .returning(PassType.last_tag)
        .execution_options(synchronize_session=False)
    )
    tag = session.scalar(raised)
    if tag is None:
        values = {"shop_id": shop_id, "pass_type_id": pass_type_id, "last_tag": 0}
        session.execute(insert(PassType).values(values).on_conflict_do_nothing())
        tag = session.scalar(raised)
    assert tag is not None
    return tag


def _void_or_live(card: WalletPass, content: Content) -> Content:
    return as_void(content) if card.voided_at is not None else content


def _give_tags(session: Session, shop_id: int, cards: Sequence[WalletPass]) -> None:
    # In the order of the types' names: two transactions lock them in the same order.
    for name in sorted({card.pass_type_id for card in cards}):
        of_type = [card for card in cards if card.pass_type_id == name]
        last = next_tag(session, shop_id, name, len(of_type))
        for step, card in enumerate(reversed(of_type)):
            card.tag = last - step


def _revise_one(card: WalletPass, content: Content, now: datetime) -> None:
    if content["voided"] and card.voided_at is None:
        card.voided_at = now
    card.content = content
    card.revision += 1
    # Whole seconds and never the same twice: If-Modified-Since must tell revisions apart.
    second = timedelta(seconds=1)
    card.last_modified_at = max(now.replace(microsecond=0), card.last_modified_at + second)


def _revision_of(card: WalletPass, notice: Kind | None, message: str | None) -> PassRevision:
    return PassRevision(
        shop_id=card.shop_id,
        pass_id=card.id,
        revision=card.revision,
        last_modified_at=card.last_modified_at,
        said=said_by(card.content),
        notice=notice,
        message=message,
    )


def _find_live(session: Session, shop_id: int, member_id: UUID) -> WalletPass | None:
    return session.scalar(
        select(WalletPass).where(
            WalletPass.shop_id == shop_id,
            WalletPass.member_id == member_id,
            WalletPass.platform == "apple",
            WalletPass.voided_at.is_(None),
            WalletPass.home_member_id.is_(None),
        )
    )
