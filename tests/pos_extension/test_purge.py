"""A month later the till's answers are forgotten, and still nothing counts twice."""

from datetime import timedelta
from uuid import UUID, uuid4

from jobs.purge import purge
from loyalty.base.clock import utc_now
from loyalty.till.tables import TillAllowance
from pos_extension.tables import TillWrite
from tests.pos_extension.cast import Till, public_id


def test_answers_are_kept_for_a_month_and_then_forgotten(aurora: Till, alice: UUID) -> None:
    path = f"members/{public_id(aurora, alice)}/grants"
    grant = {"points": 100, "reason": "other", "client_key": str(uuid4())}
    aurora.post(path, **grant)

    purge(aurora.shop_id, now=utc_now() + timedelta(days=29))
    kept = aurora.count(TillWrite, TillAllowance)
    purge(aurora.shop_id, now=utc_now() + timedelta(days=32))

    assert (kept, aurora.count(TillWrite, TillAllowance)) == (2, 0)
    assert aurora.post(path, **grant).status_code == 200
    assert aurora.points_of(alice) == 100
