"""A text that staff put on one member's card: heard once, or refused with the reason beforehand."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.errors import BadMessage, IdempotencyConflict
from loyalty.base.said import said
from loyalty.ledger.posting import lock_balance
from loyalty.member_messages.tables import MemberMessage
from loyalty.member_messages.writing import put_on_cards, read_text
from wallet.errors import PushRefused
from wallet.marketing import WHY_NOT, why_not

_KEY_MAX = 100


def ask_for_push(
    session: Session,
    shop_id: int,
    member_id: UUID,
    *,
    text: str,
    client_key: str,
    actor: Actor,
    now: datetime,
) -> UUID:
    """Put the text on the member's card and have their phones speak of it; which message it is.

    The same `client_key` again returns the first one. Raises BadMessage for what no card can
    show, PushRefused where nobody would hear it, IdempotencyConflict for a key of another text,
    MemberNotFound. Flushes; the caller commits.
    """
    line = read_text(text)
    _check_key(client_key)
    lock_balance(session, shop_id, member_id)
    key = f"one_off:{client_key}"
    known = _find(session, shop_id, f"{key}:{member_id}")
    if known is not None:
        if known.text != line:
            raise IdempotencyConflict(client_key)
        return known.id
    if reason := why_not(session, shop_id, [member_id], now=now).get(member_id):
        raise PushRefused(WHY_NOT[reason])
    written = put_on_cards(session, shop_id, {member_id: line}, key=key, actor=actor, now=now)
    subject, message = ("member", str(member_id)), str(written[member_id])
    audit.record(session, shop_id, actor, "push_asked", subject, now=now, message=message)
    session.flush()
    return written[member_id]


def _check_key(client_key: str) -> None:
    is_plain = client_key.isascii() and client_key.isprintable()
    if not client_key or len(client_key) > _KEY_MAX or not is_plain:
        raise BadMessage("client_key", said("Reload the page and try again"))


def _find(session: Session, shop_id: int, key: str) -> MemberMessage | None:
    return session.scalar(
        select(MemberMessage).where(MemberMessage.shop_id == shop_id, MemberMessage.key == key)
    )
