"""A month later the till's answers are forgotten, and still nothing counts twice."""

from datetime import timedelta
from uuid import UUID, uuid4

from jobs.purge import purge
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.till.codes import show_code
from loyalty.till.tables import TillAllowance, TillCode, TillTry
from loyalty.till.tries import count_try
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


def test_codes_and_tries_of_a_month_ago_are_forgotten(aurora: Till, alice: UUID) -> None:
    with shop_transaction(aurora.shop_id) as session:
        show_code(session, aurora.shop_id, alice, secret=b"s" * 32, now=utc_now())
        count_try(session, aurora.shop_id, 7, now=utc_now())

    purge(aurora.shop_id, now=utc_now() + timedelta(days=29))
    kept = aurora.count(TillCode, TillTry)
    purge(aurora.shop_id, now=utc_now() + timedelta(days=32))

    assert (kept, aurora.count(TillCode, TillTry)) == (2, 0)
