"""Which devices have which passes. A device shows one push token for all its passes of a type."""

import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty import outbox, timeline
from loyalty.actions.awarding import award_action
from loyalty.base.errors import MemberHasMoved
from loyalty.base.ids import new_id
from loyalty.ledger.posting import lock_balance
from loyalty.shops.directory import get_shop
from wallet.hops import Hop, NewHop, note_hops
from wallet.passes import next_tag
from wallet.tables import AppleDevice, AppleLog, AppleRegistration, WalletPass

_SERIAL = re.compile(r"([1-9][0-9]{0,17})-([0-9a-f]{32})")
_LOGS_PER_HOUR_MAX = 500


@dataclass(frozen=True, slots=True)
class Changes:
    """The serials that changed since a tag, and the tag to ask with next time."""

    serials: Sequence[str]
    last_tag: int


@dataclass(frozen=True, slots=True)
class DuePush:
    """One pass on one device that has yet to hear of `revision`."""

    pass_id: UUID
    member_id: UUID
    revision: int
    device_id: str
    push_token: str
    pushed_revision: int


def find_authorized_pass(
    session: Session, shop_id: int, pass_type_id: str, serial: str, token: str
) -> WalletPass | None:
    """The pass of this serial if `token` is its own; None says nothing of which part was wrong."""
    parts = _SERIAL.fullmatch(serial)
    if parts is None or int(parts[1]) != shop_id:
        return None
    card = session.get(WalletPass, (shop_id, UUID(hex=parts[2])))
    if card is None or card.platform != "apple" or card.pass_type_id != pass_type_id:
        return None
    is_own = hmac.compare_digest(card.authentication_token.encode(), token.encode())
    return card if is_own else None


def register(
    session: Session, card: WalletPass, device_id: str, push_token: str, *, now: datetime
) -> bool:
    """Note that the device has the pass, and its present push token; True if it is new there.

    The member's first pass ever may be worth points.
    """
    _lock_holder(session, card)
    _store_push_token(session, device_id, card.pass_type_id, push_token, now)
    if not _store_registration(session, card, device_id, now):
        return False
    timeline.note_event(
        session, card.shop_id, card.member_id, timeline.PASS_INSTALLED, now, platform="apple"
    )
    # The pass before its pass type, the order in which a revision locks them too.
    session.refresh(card, with_for_update=True)
    if card.downloaded_revision < card.revision:
        # It changed between the download and now. The device may know a later tag from
        # another pass, so this one needs a new tag to be listed, and a push to be asked for.
        card.tag = next_tag(session, card.shop_id, card.pass_type_id)
        outbox.stage(
            session, card.shop_id, outbox.MEMBER_CHANGED, member_id=card.member_id, now=now
        )
    _show(session, card, now)
    shop = get_shop(session, card.shop_id)
    award_action(session, shop, card.member_id, "pass_installed", occurred_at=now, now=now)
    return True


def unregister(session: Session, card: WalletPass, device_id: str, *, now: datetime) -> bool:
    """Note that the pass was removed from the device; False if it was not there."""
    removed = session.execute(
        update(AppleRegistration)
        .where(*_registration(card.shop_id, card.id, device_id))
        .where(AppleRegistration.removed_at.is_(None))
        .values(removed_at=now)
        .returning(AppleRegistration.device_id)
    ).first()
    if removed is not None:
        timeline.note_event(
            session, card.shop_id, card.member_id, timeline.PASS_REMOVED, now, platform="apple"
        )
        _show(session, card, now)
    return removed is not None


def _show(session: Session, card: WalletPass, now: datetime) -> None:
    """Let Shopify show that the card is on a phone, or no more."""
    outbox.stage(session, card.shop_id, outbox.SHOWN_ASKED, member_id=card.member_id, now=now)


def list_changes(
    session: Session, shop_id: int, device_id: str, pass_type_id: str, since: int, *, now: datetime
) -> Changes | None:
    """The device's passes whose tag is greater than `since`; None when there are none.

    Notes on its registrations that the device asked, and of which revisions it heard.
    """
    on_device = (
        AppleRegistration.shop_id == shop_id,
        AppleRegistration.device_id == device_id,
        AppleRegistration.removed_at.is_(None),
    )
    session.execute(update(AppleRegistration).where(*on_device).values(asked_at=now))
    changed = session.scalars(
        select(WalletPass)
        .join(
            AppleRegistration,
            (AppleRegistration.shop_id == WalletPass.shop_id)
            & (AppleRegistration.pass_id == WalletPass.id),
        )
        .where(
            *on_device,
            WalletPass.shop_id == shop_id,
            WalletPass.pass_type_id == pass_type_id,
            WalletPass.tag > since,
        )
        .order_by(WalletPass.tag)
    ).all()
    if not changed:
        return None
    note_hops(session, shop_id, [_hop(card, "asked", device_id) for card in changed], now=now)
    return Changes([card.serial for card in changed], changed[-1].tag)


def note_fetched(session: Session, card: WalletPass, *, now: datetime) -> None:
    """Note that a device came for the pass's present revision.

    It does not say which one it is: with several devices the hop names none.
    """
    if card.fetched_revision < card.revision:
        card.fetched_revision = card.revision
    devices = session.scalars(
        select(AppleRegistration.device_id).where(
            AppleRegistration.shop_id == card.shop_id,
            AppleRegistration.pass_id == card.id,
            AppleRegistration.removed_at.is_(None),
        )
    ).all()
    device_id = devices[0] if len(devices) == 1 else ""
    note_hops(session, card.shop_id, [_hop(card, "fetched", device_id)], now=now)


def list_due_pushes(session: Session, shop_id: int, cards: Sequence[WalletPass]) -> list[DuePush]:
    """Each device of each of `cards` that has not been pushed the card's present revision."""
    rows = session.execute(
        select(
            WalletPass.id,
            WalletPass.member_id,
            WalletPass.revision,
            AppleRegistration.device_id,
            AppleDevice.push_token,
            AppleRegistration.pushed_revision,
        )
        .join(
            AppleRegistration,
            (AppleRegistration.shop_id == WalletPass.shop_id)
            & (AppleRegistration.pass_id == WalletPass.id),
        )
        .join(
            AppleDevice,
            (AppleDevice.device_id == AppleRegistration.device_id)
            & (AppleDevice.pass_type_id == WalletPass.pass_type_id),
        )
        .where(
            WalletPass.shop_id == shop_id,
            WalletPass.id.in_([card.id for card in cards]),
            AppleRegistration.removed_at.is_(None),
            AppleRegistration.pushed_revision < WalletPass.revision,
        )
        .order_by(WalletPass.id, AppleRegistration.device_id)
    )
    return [DuePush(*row) for row in rows]


def last_pushes(session: Session, shop_id: int, member_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When each of the members' phones was pushed last; members never pushed are left out."""
    rows = session.execute(
        select(WalletPass.member_id, func.max(AppleRegistration.pushed_at).label("pushed_at"))
        .join(
            AppleRegistration,
            (AppleRegistration.shop_id == WalletPass.shop_id)
            & (AppleRegistration.pass_id == WalletPass.id),
        )
        .where(
            WalletPass.shop_id == shop_id,
            WalletPass.member_id.in_(member_ids),
            AppleRegistration.pushed_at.is_not(None),
        )
        .group_by(WalletPass.member_id)
    )
    return {row.member_id: row.pushed_at for row in rows}


def mark_pushed(
    session: Session, shop_id: int, pushes: Iterable[DuePush], *, now: datetime
) -> None:
    """Note that APNs took these pushes."""
    rows = [
        {
            "b_pass_id": push.pass_id,
            "b_device_id": push.device_id,
            "b_revision": push.revision,
            "b_now": now,
        }
        for push in pushes
    ]
    if not rows:
        return
    # As a table: by its class the ORM would look for whole keys in each row of values.
    table = AppleRegistration.metadata.tables[AppleRegistration.__tablename__]
    statement = (
        update(table)
        .where(
            table.c.shop_id == shop_id,
            table.c.pass_id == bindparam("b_pass_id"),
            table.c.device_id == bindparam("b_device_id"),
            table.c.pushed_revision < bindparam("b_revision"),
        )
        .values(pushed_revision=bindparam("b_revision"), pushed_at=bindparam("b_now"))
    )
    session.connection().execute(statement, rows)


def forget_device(
    session: Session,
    shop_id: int,
    device_id: str,
    push_token: str,
    *,
    gone_at: datetime | None,
    now: datetime,
) -> bool:
    """Drop a push token that APNs called dead, unless the device registered again after `gone_at`.

    No "Pass Removed": APNs answers at random times, only the device's own word counts.
    """
    conditions = [AppleDevice.device_id == device_id, AppleDevice.push_token == push_token]
    if gone_at is not None:
        conditions.append(AppleDevice.registered_at < gone_at)
    dropped = session.execute(
        delete(AppleDevice).where(*conditions).returning(AppleDevice.device_id)
    ).first()
    if dropped is None:
        return False
    session.execute(
        update(AppleRegistration)
        .where(
            AppleRegistration.shop_id == shop_id,
            AppleRegistration.device_id == device_id,
            AppleRegistration.removed_at.is_(None),
        )
        .values(removed_at=now)
    )
    return True


def store_logs(session: Session, shop_id: int, lines: Sequence[str], *, now: datetime) -> None:
    """Keep what a device complains of; a flood beyond an hour's limit is dropped."""
    recent = session.scalar(
        select(func.count())
        .select_from(AppleLog)
        .where(AppleLog.shop_id == shop_id, AppleLog.logged_at > now - timedelta(hours=1))
    )
    room = max(_LOGS_PER_HOUR_MAX - (recent or 0), 0)
    for line in lines[:room]:
        session.add(AppleLog(shop_id=shop_id, id=new_id(), logged_at=now, message=line))


def _lock_holder(session: Session, card: WalletPass) -> None:
    """The member before their cards, the order in which an erasure locks them too."""
    try:
        lock_balance(session, card.shop_id, card.member_id)
    except MemberHasMoved:
        # Merged in this very moment: the card says by now whose it is.
        session.refresh(card)
        lock_balance(session, card.shop_id, card.member_id)


def _store_push_token(
    session: Session, device_id: str, pass_type_id: str, push_token: str, now: datetime
) -> None:
    """Insert or replace: devices register again with another token."""
    news = {"push_token": push_token, "registered_at": now}
    key = {"device_id": device_id, "pass_type_id": pass_type_id}
    session.execute(
        insert(AppleDevice)
        .values(key | news)
        .on_conflict_do_update(index_elements=list(key), set_=news)
    )


def _store_registration(session: Session, card: WalletPass, device_id: str, now: datetime) -> bool:
    """Insert, or wake up one that was removed; False if it stands already."""
    values = {
        "shop_id": card.shop_id,
        "pass_id": card.id,
        "device_id": device_id,
        "registered_at": now,
        "removed_at": None,
        "pushed_revision": card.downloaded_revision,
    }
    stored = session.execute(
        insert(AppleRegistration)
        .values(values)
        .on_conflict_do_update(
            index_elements=["shop_id", "pass_id", "device_id"],
            set_={
                name: values[name] for name in ("registered_at", "removed_at", "pushed_revision")
            },
            where=AppleRegistration.removed_at.is_not(None),
        )
        .returning(AppleRegistration.device_id)
    ).first()
    return stored is not None


def _hop(card: WalletPass, hop: Hop, device_id: str) -> NewHop:
    return NewHop(card.member_id, "apple", card.id, card.revision, hop, device_id)


def _registration(shop_id: int, pass_id: UUID, device_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        AppleRegistration.shop_id == shop_id,
        AppleRegistration.pass_id == pass_id,
        AppleRegistration.device_id == device_id,
    )
