"""Criteria as SQL mean whom plain Python means, of every fact and in every combination."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from loyalty.criteria import outside
from loyalty.criteria.compiling import select_meant
from loyalty.criteria.evaluating import holds
from loyalty.criteria.facts import FACTS, MemberFacts
from loyalty.criteria.language import read_criteria
from loyalty.criteria.loading import members_facts
from loyalty.members.tables import Member
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.criteria.people import TODAY, People
from tests.loyalty.criteria.trees import asks_of, trees
from tests.loyalty.tiers.cast import have_tiers

pytestmark = pytest.mark.usefixtures("mail_settings")
PEOPLE = 50
_PATIENT = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200
)


@pytest.fixture
def tiers(session: Session, aurora: Shop) -> list[UUID]:
    """Three rungs, the first from 0, and one that is gone."""
    rungs = (("Bronze", 0, "1"), ("Silver", 100, "1"), ("Gold", 500, "1"), ("Old", 300, "1"))
    rows = have_tiers(session, aurora, *rungs)
    rows["Old"].retired_at = NOON
    session.flush()
    return [tier.id for tier in rows.values()]


def meant(session: Session, shop: Shop, criteria: object) -> set[UUID]:
    statement = select_meant(session, shop, read_criteria(criteria), now=NOON)
    rows = session.scalars(statement).all()
    assert len(rows) == len(set(rows))
    return set(rows)


def meant_by_python(facts: dict[UUID, MemberFacts], criteria: object) -> set[UUID]:
    tree = read_criteria(criteria)
    return {member_id for member_id, known in facts.items() if holds(tree, known)}


def with_rule(session: Session, shop: Shop, mode: str) -> None:
    """Under inactivity points expire 20 days after the last activity."""
    programme = get_programme(session, shop.shop_id)
    programme.expiry_mode, programme.expiry_since = mode, TODAY - timedelta(days=15)
    programme.expiry_days = 20
    session.flush()


@pytest.mark.parametrize("mode", ["days", "inactivity"])
@_PATIENT
@given(data=st.data())
def test_sql_means_whom_python_means(
    session: Session, aurora: Shop, tiers: list[UUID], mode: str, data: st.DataObject
) -> None:
    facts = _facts_of_all(session, aurora, tiers, mode)

    criteria = data.draw(trees(tiers))

    assert meant(session, aurora, criteria) == meant_by_python(facts, criteria)


@settings(_PATIENT, max_examples=20)
@given(data=st.data())
def test_every_fact_is_the_same_in_sql(
    session: Session, aurora: Shop, tiers: list[UUID], data: st.DataObject
) -> None:
    facts = _facts_of_all(session, aurora, tiers, "days")

    for fact in FACTS.values():
        criteria = data.draw(asks_of(fact, tiers), fact.name)

        assert meant(session, aurora, criteria) == meant_by_python(facts, criteria)


def _facts_of_all(
    session: Session, shop: Shop, tiers: list[UUID], mode: str
) -> dict[UUID, MemberFacts]:
    """The people are made once for all examples of a test."""
    known = session.info.get("facts")
    if known is None:
        with_rule(session, shop, mode)
        members = People(session, shop, tiers, seed=1).add(PEOPLE)
        known = session.info["facts"] = members_facts(session, shop, members, now=NOON)
    return known


def test_people_differ_in_every_fact(session: Session, aurora: Shop, tiers: list[UUID]) -> None:
    """Or the comparison of SQL with Python would say little."""
    facts = _facts_of_all(session, aurora, tiers, "days")

    for name in FACTS:
        assert len({getattr(each, name) for each in facts.values()}) > 1, name


def test_nobody_of_another_shop_or_put_away_is_meant(
    session: Session, aurora: Shop, alice: Member
) -> None:
    everybody = {"fact": "order_count", "is": "at_least", "value": 0}
    alice.state = "archived"
    session.flush()

    assert meant(session, aurora, everybody) == set()
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/Toronto")
    assert meant(session, borealis, everybody) == set()


@pytest.mark.parametrize("criteria", [None, {"fact": "order_count", "is": "equals", "value": 0}])
def test_who_was_put_in_is_meant_and_who_is_kept_out_is_not(
    session: Session, aurora: Shop, alice: Member, criteria: object
) -> None:
    def said(word: str) -> list[UUID]:
        by_hand = select(Member.id.label("member_id"), literal(word).label("word")).subquery()
        tree = None if criteria is None else read_criteria(criteria)
        return list(session.scalars(select_meant(session, aurora, tree, now=NOON, by_hand=by_hand)))

    assert said("in") == [alice.id]
    assert said("out") == []


def test_what_nobody_reads_is_true_of_nobody(session: Session, aurora: Shop, alice: Member) -> None:
    readers = dict(outside._readers)
    outside.register({})
    try:
        has_card = {"fact": "has_card_now", "is": "equals", "value": True}

        assert meant(session, aurora, has_card) == set()
        assert meant(session, aurora, {"not": has_card}) == {alice.id}
    finally:
        outside.register(readers)


def test_while_tiers_are_off_nobody_is_in_one(
    session: Session, aurora: Shop, alice: Member, tiers: list[UUID]
) -> None:
    get_programme(session, aurora.shop_id).tiers_on = False
    session.flush()

    assert meant(session, aurora, {"fact": "tier", "is": "known", "value": False}) == {alice.id}


def test_days_are_the_shops(session: Session, aurora: Shop, alice: Member) -> None:
    # 23:30 UTC on 21 November is 00:30 on the 22nd in Madrid.
    alice.joined_at = NOON.replace(day=21, hour=23, minute=30)
    session.flush()

    on = {"fact": "joined_on", "is": "on", "value": date(2026, 11, 22).isoformat()}

    assert meant(session, aurora, on) == {alice.id}
