"""Random criteria over all facts, with values that lie where the people of `people.py` are."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from loyalty.criteria.facts import FACTS, NUMBERS, Fact, Kind
from loyalty.criteria.language import operators_of
from tests.loyalty.criteria.people import TODAY

Strategy = st.SearchStrategy[Any]


def asks_of(fact: Fact, tiers: Collection[UUID]) -> Strategy:
    """Each operator of the fact with a value that fits it."""
    return st.sampled_from(operators_of(fact)).flatmap(
        lambda operator: st.fixed_dictionaries(
            {
                "fact": st.just(fact.name),
                "is": st.just(operator),
                "value": _values(fact, operator, tiers),
            }
        )
    )


def trees(tiers: Collection[UUID]) -> Strategy:
    """Tests of all facts under all, any and not."""
    leaves = st.sampled_from(list(FACTS.values())).flatmap(lambda fact: asks_of(fact, tiers))
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=4).map(lambda parts: {"all": parts})
            | st.lists(inner, min_size=1, max_size=4).map(lambda parts: {"any": parts})
            | inner.map(lambda part: {"not": part})
        ),
        max_leaves=8,
    )


def _values(fact: Fact, operator: str, tiers: Collection[UUID]) -> Strategy:
    if operator == "known" or fact.kind == Kind.TRUTH:
        return st.booleans()
    one = _single(fact, operator, tiers)
    return st.lists(one, min_size=1, max_size=3) if operator == "one_of" else one


def _single(fact: Fact, operator: str, tiers: Collection[UUID]) -> Strategy:
    if fact.kind in NUMBERS:
        return st.integers(0, 25) | st.sampled_from([2**31, 2**53])
    if fact.kind == Kind.DAY:
        if operator.endswith("_days"):
            return st.integers(0, 12) | st.integers(0, 900) | st.just(36_525)
        return st.integers(-2, 900).map(lambda days: (TODAY - timedelta(days=days)).isoformat())
    if fact.kind == Kind.ID:
        return st.sampled_from([*map(str, tiers), str(UUID(int=0))])
    return st.sampled_from(fact.choices or ("ES", "FR", "es"))
