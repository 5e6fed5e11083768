"""A member's passes and their revisions. A tag is given under the lock of the shop's pass type.

So tags become visible in the order of their numbers, and a device that has
seen tag 7 has missed nothing below it.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty import outbox
from loyalty.base.ids import new_id
from wallet import setup
from wallet.content import card_content
from wallet.tables import PassType, WalletPass


def open_apple_pass(
    session: Session, shop_id: int, member_id: UUID, *, now: datetime
) -> WalletPass:
    """The member's live Apple pass, made at first use. Raises MemberNotFound."""
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
    session.execute(insert(WalletPass).values(values).on_conflict_do_nothing())
    # A change that was committed while we read found no pass to revise: look once more after us.
    outbox.stage(session, shop_id, outbox.MEMBER_CHANGED, member_id=member_id, now=now)
    opened = _find_live(session, shop_id, member_id)
    assert opened is not None
    return opened


def list_passes_for_update(session: Session, shop_id: int, member_id: UUID) -> Sequence[WalletPass]:
    """All passes of the member, void ones too, locked until the transaction ends."""
    return session.scalars(
        select(WalletPass)
        .where(WalletPass.shop_id == shop_id, WalletPass.member_id == member_id)
        .order_by(WalletPass.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def revise(session: Session, card: WalletPass, *, now: datetime) -> bool:
    """Give the locked `card` a new revision if it should look different by now; False if not."""
    is_void = card.voided_at is not None
    content = card_content(session, card.shop_id, card.member_id, voided=is_void, now=now)
    if content == card.content:
        return False
    if content["voided"] and not is_void:
        card.voided_at = now
    card.content = content
    card.revision += 1
    # Whole seconds and never the same twice: If-Modified-Since must tell revisions apart.
    second = timedelta(seconds=1)
    card.last_modified_at = max(now.replace(microsecond=0), card.last_modified_at + second)
    card.tag = next_tag(session, card.shop_id, card.pass_type_id)
    session.flush()
    return True


def next_tag(session: Session, shop_id: int, pass_type_id: str) -> int:
    """The next tag of the shop's pass type; others wait for theirs until this one is committed."""
    raised = (
        update(PassType)
        .where(PassType.shop_id == shop_id, PassType.pass_type_id == pass_type_id)
        .values(last_tag=PassType.last_tag + 1)
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


def _find_live(session: Session, shop_id: int, member_id: UUID) -> WalletPass | None:
    return session.scalar(
        select(WalletPass).where(
            WalletPass.shop_id == shop_id,
            WalletPass.member_id == member_id,
            WalletPass.platform == "apple",
            WalletPass.voided_at.is_(None),
        )
    )
