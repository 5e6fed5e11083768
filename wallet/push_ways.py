"""How far each of a member's pushes came, in words: the answer to "why no notification?".

Honest about its end: no platform tells whether a text was shown on a lock screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Row, func, literal, select, tuple_
from sqlalchemy.orm import Session

from loyalty.base.said import N_, said
from loyalty.queries import paging
from loyalty.queries.paging import Batch
from wallet.google.tables import GoogleNotice
from wallet.hops import PushHop
from wallet.tables import PassRevision

Key = tuple[UUID, int]
"""(pass, revision): the hops of one push share it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One hop: what it is called and when it first happened."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PushWay:
    """One push to one platform: what for, how far, and what that means. `tone` as for a badge."""

    platform: str
    at: datetime
    about: str
    steps: list[Step]
    verdict: str
    tone: str


_GOOGLE_HAS_IT = N_("Google has the new card and brings it to the phone; it reports no more.")
_ORDER = ("queued", "refused", "accepted", "asked", "fetched")
_NAMES = {
    ("apple", "queued"): said("Queued"),
    ("apple", "accepted"): said("Apple accepted it"),
    ("apple", "refused"): said("Apple refused it"),
    ("apple", "asked"): said("Phone asked what changed"),
    ("apple", "fetched"): said("Phone fetched the card"),
    ("google", "queued"): said("Queued"),
    ("google", "accepted"): said("Google accepted it"),
    ("google", "refused"): said("Google refused it"),
}
_ABOUT = {
    "balance": said("Balance"),
    "tier": said("Tier"),
    "reward": said("Reward available"),
    "marketing": said("Message"),
}


def list_push_ways(
    session: Session, shop_id: int, member_id: UUID, *, limit: int, after: str | None = None
) -> Batch[PushWay]:
    """The member's pushes, newest first; a foreign cursor begins at the newest."""
    page = _newest(session, shop_id, member_id, limit, after)
    keys = [(row.pass_id, row.revision) for row in page.rows]
    if not keys:
        return Batch([], None)
    hops = session.scalars(
        select(PushHop)
        .where(
            PushHop.shop_id == shop_id,
            tuple_(PushHop.pass_id, PushHop.revision).in_(keys),
            PushHop.hop.in_(_ORDER),
        )
        .order_by(PushHop.at)
    ).all()
    kinds = _notices(session, shop_id, keys)
    ways = [_way([hop for hop in hops if _key(hop) == key], kinds.get(key)) for key in keys]
    return Batch(ways, page.next)


def _newest(
    session: Session, shop_id: int, member_id: UUID, limit: int, after: str | None
) -> Batch[Row[UUID, int, datetime]]:
    began = func.min(PushHop.at)
    statement = (
        select(PushHop.pass_id, PushHop.revision, began.label("began"))
        .where(
            PushHop.shop_id == shop_id,
            PushHop.member_id == member_id,
            PushHop.hop == "queued",
        )
        .group_by(PushHop.pass_id, PushHop.revision)
        .order_by(began.desc(), PushHop.revision.desc(), PushHop.pass_id.desc())
    )
    cursor = paging.decode(after, datetime, int, UUID)
    if cursor is not None:
        place = tuple_(began, PushHop.revision, PushHop.pass_id)
        at, revision, pass_id = cursor
        statement = statement.having(place < tuple_(at, literal(revision, BigInteger()), pass_id))
    found = session.execute(statement.limit(limit + 1)).all()
    return paging.batch_of(found, limit, lambda row: (row.began, row.revision, row.pass_id))


def _notices(session: Session, shop_id: int, keys: Sequence[Key]) -> dict[Key, str]:
    """What those that were to be heard were about; silent ones are left out."""
    apple = session.execute(
        select(PassRevision.pass_id, PassRevision.revision, PassRevision.notice).where(
            PassRevision.shop_id == shop_id,
            tuple_(PassRevision.pass_id, PassRevision.revision).in_(keys),
            PassRevision.notice.is_not(None),
        )
    )
    google = session.execute(
        select(GoogleNotice.google_object_id, GoogleNotice.revision, GoogleNotice.kind).where(
            GoogleNotice.shop_id == shop_id,
            tuple_(GoogleNotice.google_object_id, GoogleNotice.revision).in_(keys),
        )
    )
    return {(row[0], row[1]): str(row[2]) for row in (*apple, *google)}


def _way(hops: Sequence[PushHop], kind: str | None) -> PushWay:
    platform = hops[0].platform
    firsts: dict[str, PushHop] = {}
    for hop in hops:
        firsts.setdefault(hop.hop, hop)
    steps = [
        Step(_NAMES[platform, name], firsts[name].at)
        for name in _ORDER
        if name in firsts and (platform, name) in _NAMES
    ]
    verdict, tone = _verdict(platform, firsts)
    about = _ABOUT.get(kind, kind.capitalize()) if kind else said("Silent change of the card")
    return PushWay(platform, firsts["queued"].at, about, steps, verdict, tone)


def _verdict(platform: str, firsts: dict[str, PushHop]) -> tuple[str, str]:
    if "fetched" in firsts:
        return said("The new card is on the phone."), "success"
    if "asked" in firsts:
        return said("The phone asked and has not fetched the card yet."), ""
    if "accepted" in firsts and platform == "google":
        return said(_GOOGLE_HAS_IT), "success"
    if "accepted" in firsts:
        return said("No phone has come for it yet: it may be off or out of reach."), ""
    if "refused" in firsts:
        reason = firsts["refused"].reason or said("no reason given")
        return said("Refused: %(reason)s.", reason=reason), "critical"
    return said("Waiting to be sent."), ""


def _key(hop: PushHop) -> Key:
    return hop.pass_id, hop.revision
