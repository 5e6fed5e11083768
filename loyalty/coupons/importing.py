"""Codes that somebody else made, brought in from a CSV file, with a report of every bad line.

The invariant: a code that an order carried already, or that somebody holds, is nobody's to get.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.bulk import add_rows, among
from loyalty.base.errors import BadCoupon, CouponOver
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.coupons.codes import list_taken, why_unusable
from loyalty.coupons.files import BadLine, read_lines
from loyalty.coupons.saving import lock_coupon
from loyalty.coupons.tables import CouponCode
from loyalty.orders.tables import OrderCode


@dataclass(frozen=True, slots=True)
class Imported:
    """How many codes were taken in, and the lines that were not, in their order."""

    codes: int
    bad: list[BadLine]


def import_codes(
    session: Session, shop_id: int, coupon_id: UUID, content: bytes, *, actor: Actor, now: datetime
) -> Imported:
    """Take in the `code` column of a CSV file; bad lines are reported, the others kept.

    To see the report alone, roll back. Raises BadCoupon for a file that cannot be read or a coupon
    whose codes we make, CouponNotFound, CouponOver. Flushes; the caller commits.
    """
    lines = [(number, line.get("code", "")) for number, line in read_lines(content, ("code",))]
    coupon = lock_coupon(session, shop_id, coupon_id)
    if coupon.code_source != "imported":
        raise BadCoupon("coupon", said("The codes of this one are made, not imported"))
    if not coupon.is_active:
        raise CouponOver(said("%(name)s is not handed out any more", name=coupon.name))
    good, bad = _sort_out(session, shop_id, lines)
    rows = [
        {
            "shop_id": shop_id,
            "id": new_id(),
            "coupon_id": coupon_id,
            "code": code,
            "state": "free",
            "created_at": now,
        }
        for code in good
    ]
    added = add_rows(session, CouponCode, rows, "code")
    # Taken by another file in this very moment.
    bad += [BadLine(good[code], code, _TAKEN) for code in good if code not in added]
    _record(session, shop_id, coupon_id, len(added), len(bad), actor, now)
    session.flush()
    return Imported(len(added), sorted(bad, key=lambda one: one.line))


_TAKEN = said("is a code of a coupon or reward already")


def _sort_out(
    session: Session, shop_id: int, lines: Collection[tuple[int, str]]
) -> tuple[dict[str, int], list[BadLine]]:
    """The usable codes with their lines, and the lines that are not."""
    codes = {text.upper() for _, text in lines if why_unusable(text) is None and text}
    taken, used = list_taken(session, shop_id, codes), _list_used(session, shop_id, codes)
    good: dict[str, int] = {}
    bad = []
    for number, text in lines:
        code = text.upper()
        reason = why_unusable(text)
        if not text:
            reason = said("has no code")
        elif code in good:
            reason = said("stands in line %(line)s already", line=good[code])
        elif code in taken:
            reason = _TAKEN
        elif code in used:
            reason = said("was used by an order already")
        if reason is None:
            good[code] = number
        else:
            bad.append(BadLine(number, text, reason))
    return good, bad


def _list_used(session: Session, shop_id: int, codes: Collection[str]) -> set[str]:
    statement = select(OrderCode.code).where(
        OrderCode.shop_id == shop_id, among(OrderCode.code, codes)
    )
    return set(session.scalars(statement))


def _record(
    session: Session,
    shop_id: int,
    coupon_id: UUID,
    codes: int,
    bad: int,
    actor: Actor,
    now: datetime,
) -> None:
    subject = ("coupon", str(coupon_id))
    audit.record(
        session,
        shop_id,
        actor,
        "coupon_codes_imported",
        subject,
        now=now,
        codes=codes,
        bad_lines=bad,
    )
