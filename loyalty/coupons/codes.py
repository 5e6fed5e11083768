"""Codes of coupons: letters that nobody mistakes for others, and what an imported one may be.

The invariant: who holds one code cannot guess another.
"""

import secrets
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.base.said import said
from loyalty.coupons.tables import Coupon, CouponCode
from loyalty.redemption.codes import ALPHABET
from loyalty.redemption.tables import Redemption
from loyalty.rewards.tables import RewardCode

CODE_MAX = 100
_GROUPS, _LETTERS = 2, 5


def choose_code(prefix: str) -> str:
    """A code such as GIFT-7KQMX-2PDAB, out of 32¹⁰: it is bound to nobody, so it is long."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(_LETTERS)) for _ in range(_GROUPS))
    return "-".join((prefix, *groups))


def choose_codes(session: Session, shop_id: int, prefix: str, count: int) -> list[str]:
    """So many different codes that the shop has not given yet."""
    codes: dict[str, None] = {}
    while len(codes) < count:
        fresh = {choose_code(prefix) for _ in range(count - len(codes))}
        codes |= dict.fromkeys(fresh - list_taken(session, shop_id, fresh))
    return list(codes)


def list_taken(session: Session, shop_id: int, codes: Collection[str]) -> set[str]:
    """Those of `codes` (upper case) that are a coupon's or a reward's already."""
    taken: set[str] = set()
    columns = (
        (CouponCode, CouponCode.code),
        (Coupon, Coupon.anchor_code),
        (RewardCode, RewardCode.code),
        (Redemption, Redemption.code),
    )
    for model, column in columns:
        found = select(column).where(model.shop_id == shop_id, among(column, codes))
        taken |= {code for code in session.scalars(found) if code is not None}
    return taken


def why_unusable(code: str) -> str | None:
    """Why an imported code cannot be one, in words; None when it can."""
    if len(code) > CODE_MAX:
        return said("is longer than %(most)s characters", most=CODE_MAX)
    if not code.isprintable():
        return said("has characters that cannot be typed")
    if any(character.isspace() or character in ",;\"'" for character in code):
        return said("has blanks, commas or quotes in it")
    return None
