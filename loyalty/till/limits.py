"""How much a user of the till may grant and redeem in a day, at a place.

The invariant: of several limits the narrowest counts, a user's before a place's.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.errors import BadSetting
from loyalty.base.said import said
from loyalty.programme.rules import get_programme
from loyalty.programme.settings import TILL_CAP_MAX
from loyalty.till.tables import TillLimit

EACH = 0
"""As a user or a location: whoever, wherever."""
_ID_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Limits:
    """Points a day. `grant` is a wall; beyond `redeem` (None: never) a manager's PIN is wanted."""

    grant: int
    redeem: int | None


def read_limits(session: Session, shop_id: int, user_id: int, location_id: int) -> Limits:
    """What counts for this user at this place (EACH where it is not known)."""
    rows = session.scalars(
        select(TillLimit)
        .where(
            TillLimit.shop_id == shop_id,
            TillLimit.user_id.in_((EACH, user_id)),
            TillLimit.location_id.in_((EACH, location_id)),
        )
        .order_by(TillLimit.user_id.desc(), TillLimit.location_id.desc())
    ).all()
    grant = next((row.grant_per_day for row in rows if row.grant_per_day is not None), None)
    redeem = next((row.redeem_per_day for row in rows if row.redeem_per_day is not None), None)
    if grant is None:
        grant = get_programme(session, shop_id).till_grant_cap_per_day
    return Limits(grant, redeem)


def list_limits(session: Session, shop_id: int) -> list[TillLimit]:
    """All limits of the shop, the widest first."""
    rows = session.scalars(
        select(TillLimit)
        .where(TillLimit.shop_id == shop_id)
        .order_by(TillLimit.user_id, TillLimit.location_id)
    )
    return list(rows)


def set_limit(
    session: Session,
    shop_id: int,
    *,
    user_id: int = EACH,
    location_id: int = EACH,
    grant_per_day: int | None,
    redeem_per_day: int | None,
    actor: Actor,
    now: datetime,
) -> TillLimit | None:
    """The limit of this user at this place from now on; both None take it away.

    What was granted and redeemed today counts against it. Raises BadSetting. Flushes.
    """
    _check(user_id, location_id, grant_per_day, redeem_per_day)
    row = session.get(TillLimit, (shop_id, user_id, location_id), with_for_update=True)
    if grant_per_day is None and redeem_per_day is None:
        if row is None:
            raise BadSetting("limit", said("There is no such limit"))
        session.delete(row)
        row = None
    else:
        row = row or TillLimit(shop_id=shop_id, user_id=user_id, location_id=location_id)
        row.grant_per_day, row.redeem_per_day = grant_per_day, redeem_per_day
        session.add(row)
    audit.record(
        session,
        shop_id,
        actor,
        "till_limit_set",
        ("programme", str(shop_id)),
        now=now,
        user_id=user_id,
        location_id=location_id,
        grant_per_day=grant_per_day,
        redeem_per_day=redeem_per_day,
    )
    session.flush()
    return row


def _check(user_id: int, location_id: int, grant: int | None, redeem: int | None) -> None:
    for field, found in (("user", user_id), ("location", location_id)):
        if not 0 <= found <= _ID_MAX:
            raise BadSetting(field, said("An id of Shopify's is wanted"))
    for field, points in (("grant", grant), ("redeem", redeem)):
        if points is not None and not 0 <= points <= TILL_CAP_MAX:
            raise BadSetting(field, said("Use 0 to %(most)s points a day", most=TILL_CAP_MAX))
