"""Criteria are read into a tree or refused, with the way to the part at fault and the reason."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.base.errors import BadCriteria
from loyalty.criteria.facts import FACTS, Source
from loyalty.criteria.language import operators_of, read_criteria, sources_of

TEN_ORDERS = {"fact": "order_count", "is": "at_least", "value": 10}


def deep(levels: int) -> dict[str, Any]:
    """The same criteria inside so many nots."""
    return {"not": deep(levels - 1)} if levels else TEN_ORDERS


@pytest.mark.parametrize(
    ("criteria", "field"),
    [
        (None, ""),
        ([], ""),
        ("order_count", ""),
        ({}, ""),
        ({"some": [TEN_ORDERS]}, ""),
        ({"all": [TEN_ORDERS], "any": [TEN_ORDERS]}, ""),
        ({"all": []}, "all"),
        ({"all": TEN_ORDERS}, "all"),
        ({"any": [TEN_ORDERS, 5]}, "any[1]"),
        ({"not": [TEN_ORDERS]}, "not"),
        ({"all": [{"not": {"any": [{"all": []}]}}]}, "all[0].not.any[0].all"),
        ({"fact": "shoe_size", "is": "equals", "value": 1}, "fact"),
        ({"fact": ["order_count"], "is": "equals", "value": 1}, "fact"),
        (TEN_ORDERS | {"is": "before"}, "is"),
        (TEN_ORDERS | {"is": ["at_least"]}, "is"),
        (TEN_ORDERS | {"unit": "orders"}, ""),
        ({"fact": "order_count", "value": 1}, ""),
        (TEN_ORDERS | {"value": "10"}, "value"),
        (TEN_ORDERS | {"value": True}, "value"),
        (TEN_ORDERS | {"value": 1.0}, "value"),
        (TEN_ORDERS | {"value": float("nan")}, "value"),
        (TEN_ORDERS | {"value": -1}, "value"),
        (TEN_ORDERS | {"value": 2**60}, "value"),
        ({"fact": "has_birthday", "is": "equals", "value": 1}, "value"),
        ({"fact": "joined_on", "is": "on", "value": "2026-02-30"}, "value"),
        ({"fact": "joined_on", "is": "on", "value": "20260228"}, "value"),
        ({"fact": "joined_on", "is": "within_days", "value": "2026-02-28"}, "value"),
        ({"fact": "joined_on", "is": "known", "value": "yes"}, "value"),
        ({"fact": "enrolled_by", "is": "one_of", "value": []}, "value"),
        ({"fact": "enrolled_by", "is": "one_of", "value": ["till", 5]}, "value[1]"),
        ({"fact": "enrolled_by", "is": "equals", "value": "magic"}, "value"),
        ({"fact": "sms_consent", "is": "one_of", "value": ["asked", "maybe"]}, "value"),
        ({"fact": "enrolled_by", "is": "equals", "value": ""}, "value"),
        ({"fact": "tier", "is": "equals", "value": "gold"}, "value"),
        ({"fact": "country", "is": "equals", "value": "Spain"}, "value"),
        ({"fact": "country", "is": "equals", "value": "ZZ"}, "value"),
        ({"fact": "country", "is": "one_of", "value": ["es", "Spain"]}, "value[1]"),
        ({"all": [TEN_ORDERS] * 100}, "all[99]"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(criteria: object, field: str) -> None:
    with pytest.raises(BadCriteria) as refused:
        read_criteria(criteria)

    assert refused.value.field == field
    assert str(refused.value)


def test_criteria_nest_eight_deep_and_no_deeper() -> None:
    read_criteria(deep(7))

    with pytest.raises(BadCriteria, match="at most 8 deep"):
        read_criteria(deep(8))


def test_every_fact_and_operator_can_be_written() -> None:
    values: dict[str, object] = {
        "known": True,
        "on": "2026-11-22",
        "before": "2026-11-22",
        "after": "2026-11-22",
    }
    for fact in FACTS.values():
        text = fact.choices[0] if fact.choices else "es"
        for operator in operators_of(fact):
            plain: object = {"truth": True, "text": text, "id": "0" * 32}.get(fact.kind.value, 7)
            value = values.get(operator, plain)
            if operator == "one_of":
                value = [plain]

            read_criteria({"fact": fact.name, "is": operator, "value": value})


def test_tree_knows_where_its_facts_come_from() -> None:
    by_tier = {"fact": "is_in_top_tier", "is": "equals", "value": True}

    tree = read_criteria({"any": [TEN_ORDERS, {"not": by_tier}]})

    assert sources_of(tree) == {Source.ORDERS, Source.TIER}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["all", "any", "not", "fact", "is", "value"]) | st.text(max_size=5),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(_JSON)
def test_nothing_but_a_refusal_comes_of_nonsense(nonsense: object) -> None:
    try:
        read_criteria(nonsense)
    except BadCriteria as refused:
        assert str(refused)


def test_a_country_is_read_in_capitals() -> None:
    assert read_criteria(
        {"fact": "country", "is": "one_of", "value": ["es", "Fr"]}
    ) == read_criteria({"fact": "country", "is": "one_of", "value": ["ES", "FR"]})
