"""Which emails a shop sends by itself, kind by kind. What happened while one was off is never told.

The card's own switch is the programme's; a new kind is off until the merchant switches it on.
"""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.db import Base
from loyalty.base.errors import UnknownEmailKind
from loyalty.programme.rules import get_programme
from loyalty.programme.settings import set_sends_card_email

CARD = "card"
DEFAULTS = {
    "birthday": True,
    "expiry_warning": True,
    "tier": False,
    "reward_in_reach": False,
    "referral": False,
    "data_request": False,
}
"""Every kind with a switch of its own, and how it stands until the merchant turns it."""
KINDS = (CARD, *DEFAULTS)


class EmailSwitch(Base):
    """A kind of email that the merchant has switched.

    pk (shop_id, kind): asked when something happens that the kind tells of.
    """

    __tablename__ = "email_switch"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_email_switch__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    is_on: Mapped[bool]
    changed_at: Mapped[datetime]


def is_on(session: Session, shop_id: int, kind: str) -> bool:
    """Whether the shop sends this kind by itself."""
    if kind == CARD:
        return get_programme(session, shop_id).sends_card_email
    stored = session.scalar(
        select(EmailSwitch.is_on).where(EmailSwitch.shop_id == shop_id, EmailSwitch.kind == kind)
    )
    return DEFAULTS[kind] if stored is None else stored


def list_switches(session: Session, shop_id: int) -> dict[str, bool]:
    """Every kind with a switch: True where the shop sends it by itself."""
    rows = session.execute(
        select(EmailSwitch.kind, EmailSwitch.is_on).where(EmailSwitch.shop_id == shop_id)
    )
    stored = {row.kind: row.is_on for row in rows}
    card = get_programme(session, shop_id).sends_card_email
    return {CARD: card} | {kind: stored.get(kind, default) for kind, default in DEFAULTS.items()}


def switch(
    session: Session, shop_id: int, kind: str, is_on_now: bool, *, actor: Actor, now: datetime
) -> bool:
    """Turn one kind on or off, audited; False, and nothing written, if it stands so already.

    Raises UnknownEmailKind for one that has no switch. Flushes; the caller commits.
    """
    if kind not in KINDS:
        raise UnknownEmailKind(kind)
    if kind == CARD:
        return set_sends_card_email(session, shop_id, is_on_now, actor=actor, now=now)
    # Two that turn it at once take turns, and only one of them is audited.
    session.execute(
        insert(EmailSwitch)
        .values(shop_id=shop_id, kind=kind, is_on=DEFAULTS[kind], changed_at=now)
        .on_conflict_do_nothing()
    )
    stored = session.get_one(
        EmailSwitch, (shop_id, kind), with_for_update=True, populate_existing=True
    )
    if stored.is_on == is_on_now:
        return False
    stored.is_on, stored.changed_at = is_on_now, now
    subject = ("email", kind)
    audit.record(
        session, shop_id, actor, "email_switched", subject, now=now, email=kind, is_on=is_on_now
    )
    session.flush()
    return True
