"""How much a user of the till may do in a day: of several limits the narrowest counts."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor, AuditRow
from loyalty.base.errors import BadSetting, OverDailyCap
from loyalty.members.enrolment import record_customer
from loyalty.shops.tables import Shop
from loyalty.till.allowances import raise_used, read_used
from loyalty.till.grants import TillUser, grant, read_allowance
from loyalty.till.limits import Limits, list_limits, read_limits, set_limit
from loyalty.till.tables import TillLimit
from tests.factories.facts import NOON, a_customer

OPERATOR = Actor("operator", "command")


def limit(session: Session, shop: Shop, grant: int | None, redeem: int | None, **whose: int) -> Any:
    """Set one."""
    return set_limit(
        session,
        shop.shop_id,
        grant_per_day=grant,
        redeem_per_day=redeem,
        actor=OPERATOR,
        now=NOON,
        **whose,
    )


def test_without_limits_the_programmes_cap_counts_and_redeeming_has_none(
    session: Session, aurora: Shop
) -> None:
    assert read_limits(session, aurora.shop_id, 7, 901) == Limits(500, None)


@pytest.mark.parametrize(
    ("user_id", "location_id", "expected"),
    [(7, 901, 1), (7, 902, 2), (8, 901, 3), (8, 902, 4)],
)
def test_the_narrowest_limit_counts(
    session: Session, aurora: Shop, user_id: int, location_id: int, expected: int
) -> None:
    limit(session, aurora, 4, 40)
    limit(session, aurora, 3, 30, location_id=901)
    limit(session, aurora, 2, 20, user_id=7)
    limit(session, aurora, 1, 10, user_id=7, location_id=901)

    found = read_limits(session, aurora.shop_id, user_id, location_id)

    assert found == Limits(expected, expected * 10)


def test_what_a_narrow_limit_leaves_open_the_wider_one_says(session: Session, aurora: Shop) -> None:
    limit(session, aurora, 100, 1000)
    limit(session, aurora, None, 5, user_id=7)

    assert read_limits(session, aurora.shop_id, 7, 901) == Limits(100, 5)


def test_a_limit_without_numbers_goes_away(session: Session, aurora: Shop) -> None:
    limit(session, aurora, 1, 1, user_id=7)

    assert limit(session, aurora, None, None, user_id=7) is None

    assert list_limits(session, aurora.shop_id) == []
    with pytest.raises(BadSetting):
        limit(session, aurora, None, None, user_id=7)


@pytest.mark.parametrize(
    ("field", "numbers", "whose"),
    [
        ("user", (1, 1), {"user_id": -1}),
        ("location", (1, 1), {"location_id": 2**63}),
        ("grant", (-1, None), {}),
        ("redeem", (None, 10**10), {}),
    ],
)
def test_a_limit_that_cannot_be_is_refused_and_nothing_written(
    session: Session,
    aurora: Shop,
    field: str,
    numbers: tuple[int | None, int | None],
    whose: dict[str, int],
) -> None:
    with pytest.raises(BadSetting) as refused:
        limit(session, aurora, *numbers, **whose)

    assert refused.value.field == field
    assert session.scalars(select(TillLimit)).all() == []


def test_each_change_is_audited(session: Session, aurora: Shop) -> None:
    limit(session, aurora, 5, 6, user_id=7)

    [row] = session.scalars(select(AuditRow).where(AuditRow.action == "till_limit_set"))
    assert (row.details["user_id"], row.details["redeem_per_day"]) == (7, 6)


def test_grants_keep_to_the_limit_of_the_place(session: Session, aurora: Shop) -> None:
    facts = a_customer(501, first_name="Alice", email="alice@example.com")
    alice = record_customer(session, aurora, facts, now=NOON, is_backfill=True).member_id
    assert alice is not None
    limit(session, aurora, 10, None, location_id=901)
    gift: dict[str, Any] = {"reason": "other", "note": None, "now": NOON}

    with pytest.raises(OverDailyCap):
        grant(session, aurora, alice, points=11, client_key=uuid4(), by=TillUser(7, 901), **gift)
    grant(session, aurora, alice, points=11, client_key=uuid4(), by=TillUser(7, 902), **gift)

    assert read_allowance(session, aurora, 7, now=NOON, location_id=902).left == 489
    assert read_allowance(session, aurora, 7, now=NOON, location_id=901).left == 0


def test_granted_and_redeemed_are_counted_apart(session: Session, aurora: Shop) -> None:
    for use, points in (("granted", 5), ("redeemed", 70), ("redeemed", 30)):
        assert raise_used(session, aurora, 7, use, points, limit=100, now=NOON)  # type: ignore[arg-type]

    assert not raise_used(session, aurora, 7, "redeemed", 1, limit=100, now=NOON)
    assert raise_used(session, aurora, 7, "redeemed", 1, limit=None, now=NOON)
    assert read_used(session, aurora, 7, "granted", now=NOON) == 5
    assert read_used(session, aurora, 7, "redeemed", now=NOON) == 101
