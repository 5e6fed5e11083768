"""Refuses criteria that can never match anybody: less than nothing, both more and less than 5.

The invariant: only what is certain is refused. What depends on the day, or has more cases than
are looked at, passes.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any
from uuid import UUID

from loyalty.base.errors import BadCriteria
from loyalty.base.said import said
from loyalty.criteria.facts import Fact, Kind
from loyalty.criteria.language import Criteria, Group, Not, Test

_CASES_MAX = 500
_LOW, _HIGH = -(2**62), 2**62

Spans = tuple[tuple[int, int], ...]
"""What a whole number may be: from and to, both inclusive, apart and in order."""
_ALL: Spans = ((_LOW, _HIGH),)


@dataclass(frozen=True, slots=True)
class Domain:
    """What a fact may be: not known, or known and in `values`, and so many days ago (`ago`).

    A day is its ordinal, a truth 0 or 1, a text or an id its place among all there are.
    """

    is_open: bool
    values: Spans
    ago: Spans = _ALL

    def is_empty(self) -> bool:
        return not self.is_open and not (self.values and self.ago)


Case = dict[str, Domain]
"""One way to match, fact by fact; facts that are left out do not matter."""


class _TooMany(Exception):
    """More cases than are looked at."""


def check_sense(criteria: Criteria, ids: Collection[UUID]) -> None:
    """Raises BadCriteria at the smallest part that nobody can ever match; `ids`: all tiers."""
    _Sense(tuple(ids)).check(criteria, "")


class _Sense:
    def __init__(self, ids: tuple[UUID, ...]) -> None:
        self.ids = ids
        self.texts: dict[str, int] = {}

    def check(self, criteria: Criteria, way: str) -> None:
        try:
            if self.cases(criteria, True):
                return
        except _TooMany:
            return
        for part, step in _inside(criteria):
            self.check(part, _join(way, step))
        place = _join(way, criteria.word) if isinstance(criteria, Group) else way
        raise BadCriteria(place, said("Nobody can ever match this"))

    def cases(self, criteria: Criteria, is_true: bool) -> list[Case]:
        """The ways in which it is so, none of them impossible."""
        if isinstance(criteria, Not):
            return self.cases(criteria.part, not is_true)
        if isinstance(criteria, Test):
            domain = self.domain(criteria, is_true)
            return [] if domain.is_empty() else [{criteria.fact.name: domain}]
        parts = [self.cases(part, is_true) for part in criteria.parts]
        if (criteria.word == "all") is is_true:
            return _joined(parts)
        return _limited(case for cases in parts for case in cases)

    def domain(self, test: Test, is_true: bool) -> Domain:
        """What the fact may be where the test holds, or where it does not."""
        fact, whole = test.fact, self.universe(test.fact)
        is_open_kind = fact.kind in (Kind.DAY, Kind.ID) or fact.may_be_unknown
        may_be_open = is_open_kind or self.is_free(fact)
        if test.operator == "known":
            is_known = test.value is is_true
            return Domain(False, whole) if is_known else Domain(True, ())
        spans = _spans(test, self.places(test))
        met = _met(spans if is_true else _rest(spans), whole)
        if test.operator.endswith("_days"):
            return Domain(may_be_open and not is_true, whole, met)
        return Domain(may_be_open and not is_true, met)

    def is_free(self, fact: Fact) -> bool:
        """Whether it is a text that can be anything, or nothing."""
        return fact.kind == Kind.TEXT and not fact.choices

    def universe(self, fact: Fact) -> Spans:
        """All that the fact may be."""
        if fact.kind in (Kind.COUNT, Kind.MONEY):
            return ((0, _HIGH if fact.most is None else fact.most),)
        if fact.kind == Kind.TRUTH:
            return ((0, 1),)
        if fact.kind == Kind.ID or fact.choices:
            count = len(self.ids if fact.kind == Kind.ID else fact.choices)
            return ((0, count - 1),) if count else ()
        return _ALL

    def places(self, test: Test) -> list[int]:
        """The values of the test as numbers; those that there are not are left out."""
        values: tuple[Any, ...] = test.value if isinstance(test.value, tuple) else (test.value,)
        if test.fact.kind == Kind.ID or test.fact.choices:
            known: tuple[Any, ...] = self.ids if test.fact.kind == Kind.ID else test.fact.choices
            return [known.index(value) for value in values if value in known]
        if self.is_free(test.fact):
            return [self.texts.setdefault(value, len(self.texts)) for value in values]
        return [v.toordinal() if isinstance(v, date) else int(v) for v in values]


def _inside(criteria: Criteria) -> Iterator[tuple[Criteria, str]]:
    """Parts of which one alone may be what nobody can match, each with the step to it."""
    if isinstance(criteria, Group):
        for number, part in enumerate(criteria.parts):
            yield part, f"{criteria.word}[{number}]"


def _join(way: str, step: str) -> str:
    return f"{way}.{step}" if way else step


def _spans(test: Test, places: list[int]) -> Spans:
    """Where the test holds, of what is known."""
    if test.operator in ("equals", "on", "one_of"):
        return tuple((place, place) for place in sorted(set(places)))
    (edge,) = places
    return {
        "at_least": ((edge, _HIGH),),
        "more_than": ((edge + 1, _HIGH),),
        "after": ((edge + 1, _HIGH),),
        "at_most": ((_LOW, edge),),
        "less_than": ((_LOW, edge - 1),),
        "before": ((_LOW, edge - 1),),
        "within_days": ((0, edge),),
        "longer_ago_than_days": ((edge + 1, _HIGH),),
    }[test.operator]


def _met(one: Spans, other: Spans) -> Spans:
    """What is in both."""
    pairs = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return tuple(sorted((low, high) for low, high in pairs if low <= high))


def _rest(spans: Spans) -> Spans:
    """Everything else."""
    left, low = [], _LOW
    for start, end in spans:
        if low < start:
            left.append((low, start - 1))
        low = end + 1
    return (*left, (low, _HIGH)) if low <= _HIGH else tuple(left)


def _joined(parts: list[list[Case]]) -> list[Case]:
    """The cases in which all parts hold at once."""
    found: list[Case] = [{}]
    for cases in parts:
        pairs = product(found, cases)
        found = _limited(case for case in (_both(a, b) for a, b in pairs) if case is not None)
    return found


def _both(one: Case, other: Case) -> Case | None:
    case = dict(one)
    for name, domain in other.items():
        known = case.get(name)
        case[name] = domain if known is None else _narrowed(known, domain)
        if case[name].is_empty():
            return None
    return case


def _narrowed(one: Domain, other: Domain) -> Domain:
    return Domain(
        one.is_open and other.is_open, _met(one.values, other.values), _met(one.ago, other.ago)
    )


def _limited(cases: Iterable[Case]) -> list[Case]:
    found = []
    for case in cases:
        found.append(case)
        if len(found) > _CASES_MAX:
            raise _TooMany
    return found
