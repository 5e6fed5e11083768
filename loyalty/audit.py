"""The audit trail: every write by a person leaves one row, in the transaction of the write."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, Session, mapped_column

from loyalty.base.db import Base
from loyalty.base.ids import new_id


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: `kind` is staff, till_user, member, operator or system; `id` is theirs."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


SYSTEM = Actor("system", "encore")


class AuditRow(Base):
    """Who did what, when: one row for each write by a person.

    ix (shop_id, at, id): the audit trail, newest first.
    """

    __tablename__ = "audit_row"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_audit_row__shop"),
        Index("ix_audit_row__shop_id_at", "shop_id", "at", "id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor_id: Mapped[str]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    details: Mapped[dict[str, Any]]


def record(
    session: Session,
    shop_id: int,
    actor: Actor,
    action: str,
    subject: tuple[str, str],
    *,
    now: datetime,
    **details: Any,
) -> None:
    """Stage the row that says `actor` did `action` to `subject` (kind, id). The caller commits."""
    session.add(
        AuditRow(
            shop_id=shop_id,
            id=new_id(),
            at=now,
            actor_kind=actor.kind,
            actor_id=actor.id,
            action=action,
            subject_kind=subject[0],
            subject_id=subject[1],
            details=details,
        )
    )
