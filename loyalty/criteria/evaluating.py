"""Whether a member is meant by criteria: the plain Python evaluator.

The invariant: what is not known fits no comparison; only `known` asks whether it is.
"""

import operator
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from loyalty.criteria.facts import Kind, MemberFacts
from loyalty.criteria.language import Criteria, Group, Not, Test


def holds(criteria: Criteria, facts: MemberFacts) -> bool:
    """Whether the member of `facts` is meant."""
    if isinstance(criteria, Not):
        return not holds(criteria.part, facts)
    if isinstance(criteria, Group):
        quantifier = all if criteria.word == "all" else any
        return quantifier(holds(part, facts) for part in criteria.parts)
    return _fits(criteria, getattr(facts, criteria.fact.name), facts.today)


def _fits(test: Test, actual: Any, today: date) -> bool:
    if test.operator == "known":
        return (actual is not None) is test.value
    if actual is None:
        return False
    if test.fact.kind == Kind.DAY and isinstance(test.value, int):
        return _DAYS_AGO[test.operator](actual, today - timedelta(days=test.value), today)
    return _COMPARISONS[test.operator](actual, test.value)


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": operator.eq,
    "on": operator.eq,
    "at_least": operator.ge,
    "at_most": operator.le,
    "more_than": operator.gt,
    "less_than": operator.lt,
    "before": operator.lt,
    "after": operator.gt,
    "one_of": lambda actual, values: actual in values,
}
# within_days 7 is today and the seven days before it.
_DAYS_AGO: dict[str, Callable[[date, date, date], bool]] = {
    "within_days": lambda actual, edge, today: edge <= actual <= today,
    "longer_ago_than_days": lambda actual, edge, today: actual < edge,
}
