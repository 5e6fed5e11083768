"""A write of the till happens once: its answer is stored with its effect, and given again.

A resend that comes while the first is still at work waits for it at the key's row.
"""

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.shops.tables import Shop
from pos_extension import refusals
from pos_extension.auth import Till, enter
from pos_extension.places import check_place
from pos_extension.reading import Body, client_key, identifier
from pos_extension.tables import TillWrite
from wallet import setup


@dataclass(frozen=True, slots=True)
class Write:
    """What a till asks for once: its key, and a fingerprint of everything else it said."""

    client_key: UUID
    location_id: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the till gets, the first time and every time after; `member_id` is whom it is about."""

    status: int
    body: dict[str, Any]
    member_id: UUID


Effect = Callable[[Session, Shop, datetime], Answer]


def read_write(path: str, body: Body) -> Write:
    """The write that `body` asks of `path`."""
    said = json.dumps([path, body], sort_keys=True, separators=(",", ":")).encode()
    # Keyed, for it outlives an erasure, and names and addresses can be guessed.
    secret = setup.current().link_secret
    digest = hmac.digest(secret, b"encore till write\0" + said, "sha256")
    return Write(client_key(body), identifier(body, "location_id"), digest.hex())


def once(till: Till, write: Write, effect: Effect) -> Answer:
    """The stored answer of this write, or that of `effect`, which is stored with it. Commits.

    Raises Refusal 409 when the key came with another body, LocationNotFound for a place that is
    not the shop's; what `effect` raises undoes all.
    """
    with shop_transaction(till.shop_id) as session:
        shop, now = enter(session, till), utc_now()
        if not _claim(session, shop.shop_id, write, now):
            return _stored(session, shop.shop_id, write)
        check_place(session, shop.shop_id, write.location_id)
        answer = effect(session, shop, now)
        _keep(session, shop.shop_id, write, answer)
        return answer


def find_answer(session: Session, shop_id: int, write: Write) -> Answer | None:
    """The answer of a write that happened before; Refusal 409 for another body under its key."""
    row = session.get(TillWrite, (shop_id, write.client_key), populate_existing=True)
    if row is None:
        return None
    if row.fingerprint != write.fingerprint:
        raise refusals.client_key_reused()
    if not row.answer or row.member_id is None:
        # The answer went when its member was erased.
        raise refusals.not_active("erased")
    return Answer(row.status, row.answer, row.member_id)


def _claim(session: Session, shop_id: int, write: Write, now: datetime) -> bool:
    """Whether the key is ours; waits for another transaction that has claimed it."""
    row = {
        "shop_id": shop_id,
        "client_key": write.client_key,
        "fingerprint": write.fingerprint,
        "status": 0,
        "answer": {},
        "created_at": now,
    }
    statement = insert(TillWrite).values(row).on_conflict_do_nothing()
    return session.scalar(statement.returning(TillWrite.client_key)) is not None


def _stored(session: Session, shop_id: int, write: Write) -> Answer:
    answer = find_answer(session, shop_id, write)
    assert answer is not None
    return answer


def _keep(session: Session, shop_id: int, write: Write, answer: Answer) -> None:
    session.execute(
        update(TillWrite)
        .where(TillWrite.shop_id == shop_id, TillWrite.client_key == write.client_key)
        .values(status=answer.status, answer=answer.body, member_id=answer.member_id)
        .execution_options(synchronize_session=False)
    )
