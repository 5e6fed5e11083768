"""The nightly proof: every figure against entries and lots, every redemption against the ledger.

It reports, and mends nothing: figures are mended by command alone (loyalty.ledger.mending), for a
difference is a fault of ours, which somebody must understand first.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.ledger.selfcheck import Difference, find_differences
from loyalty.members.tables import MemberBalance
from loyalty.reconciliation import recording
from loyalty.reconciliation.recording import BALANCE_WRONG, REDEMPTION_WRONG
from loyalty.redemption.selfcheck import find_unlike_ledger


def prove(session: Session, shop_id: int, *, now: datetime) -> Sequence[Difference]:
    """Every difference in the shop's figures; kept as findings, redemptions' too.

    Those found before and gone are mended. Flushes; the caller commits.
    """
    differences = find_differences(session, shop_id)
    for found in differences:
        recording.note(
            session,
            shop_id,
            BALANCE_WRONG,
            _thing(found),
            now=now,
            cached=found.cached,
            rebuilt=found.rebuilt,
        )
    wrong = {_thing(found) for found in differences}
    stood = {finding.thing for finding in recording.list_open(session, shop_id, BALANCE_WRONG)}
    recording.mend(session, shop_id, BALANCE_WRONG, stood - wrong, now=now)
    unlike = _prove_redemptions(session, shop_id, now)
    members = select(func.count()).select_from(MemberBalance)
    recording.report(
        session,
        shop_id,
        "balances",
        looked_at=session.scalar(members.where(MemberBalance.shop_id == shop_id)) or 0,
        found=len(differences) + unlike,
        started_at=now,
        now=now,
    )
    return differences


def _prove_redemptions(session: Session, shop_id: int, now: datetime) -> int:
    """Redemptions that are not what the ledger says, kept as findings; how many they are."""
    unlike = {str(found.redemption_id): found for found in find_unlike_ledger(session, shop_id)}
    for thing, found in unlike.items():
        recording.note(
            session,
            shop_id,
            REDEMPTION_WRONG,
            thing,
            now=now,
            away=found.away,
            taken=found.taken,
        )
    stood = {finding.thing for finding in recording.list_open(session, shop_id, REDEMPTION_WRONG)}
    recording.mend(session, shop_id, REDEMPTION_WRONG, stood - unlike.keys(), now=now)
    return len(unlike)


def _thing(found: Difference) -> str:
    return f"{found.member_id}:{found.figure}"
