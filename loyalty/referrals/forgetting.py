"""What is forgotten of referrals: whence forms came, and forms that nobody could carry out.

The invariant: what was claimed within the days by which claims are counted stays countable.
"""

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from loyalty.referrals.tables import Referral

_OPTIONS = {"synchronize_session": False}


def forget_old_claims(session: Session, shop_id: int, *, before: datetime) -> int:
    """Blank the places of claims from before then, and delete those that were never taken.

    How many rows that were. The caller commits.
    """
    old = (Referral.shop_id == shop_id) & (Referral.claimed_at < before)
    places = update(Referral).where(old, Referral.client_hash != b"").values(client_hash=b"")
    stuck = delete(Referral).where(old, Referral.state == "asked")
    found = [session.execute(one, execution_options=_OPTIONS) for one in (stuck, places)]
    return sum(result.rowcount for result in found)  # type: ignore[attr-defined]
