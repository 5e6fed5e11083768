"""Codes of redemptions: letters that nobody mistakes for others, upper case, one of a shop.

The invariant: a code that was given once, by us or by an import, is never given again.
"""

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.redemption.tables import Redemption
from loyalty.rewards.tables import RewardCode

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without I, O, 0 and 1: a code is read aloud and typed at tills."""


def normalise_code(text: str) -> str:
    """A code as we keep and compare it: Shopify's codes know no case."""
    return text.strip().upper()


def choose_code(session: Session, shop_id: int) -> str:
    """A new code such as ENC-7KQM-X2PD, out of 32⁸: guessing one is hopeless."""
    while True:
        code = "ENC-" + "-".join(
            "".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(2)
        )
        if not _is_taken(session, shop_id, code):
            return code


def _is_taken(session: Session, shop_id: int, code: str) -> bool:
    by_us = select(Redemption.code).where(Redemption.shop_id == shop_id, Redemption.code == code)
    imported = select(RewardCode.code).where(RewardCode.shop_id == shop_id, RewardCode.code == code)
    return session.scalar(by_us.union(imported)) is not None
