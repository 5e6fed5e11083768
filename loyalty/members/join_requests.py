"""Requests from the public join page: kept, counted, and carried out later by a job.

The page answers before anything is known of the person, so it can tell nobody who is a member.
What was typed is kept until the request is carried out, then only that there was one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from loyalty.base.db import Base
from loyalty.base.errors import TooManyRequests
from loyalty.base.ids import new_id
from loyalty.shops.tables import Shop

WITHIN = timedelta(hours=1)
PER_CLIENT = 20
"""A family, or the phones of a shop behind one address; no script."""
PER_CONTACT = 3
"""What one address may be sent because somebody typed it."""
PER_SHOP = 2_000


class JoinRequest(Base):
    """Somebody asked to join. `state`: waiting, done or failed.

    `contact_hash` and `client_hash` are keyed hashes of what was typed and of where from.
    ix contact, ix client, ix asked: the limits. ix member: exporting and erasing.
    """

    __tablename__ = "join_request"
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'done', 'failed')", name="state"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_join_request__shop"),
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_join_request__member",
        ),
        Index("ix_join_request__contact", "shop_id", "contact_hash"),
        Index("ix_join_request__client", "shop_id", "client_hash", "asked_at"),
        Index("ix_join_request__asked", "shop_id", "asked_at"),
        Index("ix_join_request__member", "shop_id", "member_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str | None]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    contact_hash: Mapped[bytes]
    client_hash: Mapped[bytes]
    wants_marketing: Mapped[bool]
    terms_url: Mapped[str | None]
    state: Mapped[str]
    member_id: Mapped[UUID | None]
    asked_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Joiner:
    """What was typed, read; and the hashes that the limits count by."""

    email: str
    first_name: str
    last_name: str | None
    wants_marketing: bool
    contact_hash: bytes
    client_hash: bytes


def ask_to_join(
    session: Session, shop: Shop, joiner: Joiner, *, terms_url: str | None, now: datetime
) -> JoinRequest | None:
    """Keep the request; None when this address was sent enough lately: it has its card.

    Raises TooManyRequests for a client or a shop that asks too often. Flushes; the caller commits.
    """
    since = now - WITHIN
    by_client = JoinRequest.client_hash == joiner.client_hash
    if _count(session, shop.shop_id, since, by_client) >= PER_CLIENT:
        raise TooManyRequests("too many joins from one place")
    if _count(session, shop.shop_id, since) >= PER_SHOP:
        raise TooManyRequests("too many joins of the shop")
    by_contact = JoinRequest.contact_hash == joiner.contact_hash
    is_enough = _count(session, shop.shop_id, since, by_contact) >= PER_CONTACT
    request = JoinRequest(
        shop_id=shop.shop_id,
        id=new_id(),
        email=None if is_enough else joiner.email,
        first_name=None if is_enough else joiner.first_name,
        last_name=None if is_enough else joiner.last_name,
        contact_hash=joiner.contact_hash,
        client_hash=joiner.client_hash,
        wants_marketing=joiner.wants_marketing,
        terms_url=terms_url,
        state="done" if is_enough else "waiting",
        asked_at=now,
        done_at=now if is_enough else None,
    )
    session.add(request)
    session.flush()
    return None if is_enough else request


def end_request(
    request: JoinRequest, *, member_id: UUID | None, now: datetime, is_done: bool = True
) -> None:
    """Forget what was typed: the member has it, or nobody needs it."""
    request.email = request.first_name = request.last_name = None
    request.state = "done" if is_done else "failed"
    request.member_id, request.done_at = member_id, now


def forget_old_requests(session: Session, shop_id: int, *, before: datetime) -> int:
    """Delete what was asked before then, dealt with or not; how many. The caller commits."""
    old = delete(JoinRequest).where(JoinRequest.shop_id == shop_id, JoinRequest.asked_at < before)
    result = session.execute(old, execution_options={"synchronize_session": False})
    return int(result.rowcount)  # type: ignore[attr-defined]


def _count(session: Session, shop_id: int, since: datetime, *which: object) -> int:
    statement = select(func.count()).where(
        JoinRequest.shop_id == shop_id,
        JoinRequest.asked_at > since,
        *which,  # type: ignore[arg-type]
    )
    return session.scalar(statement) or 0
