"""The rule language: JSON that says who is meant, read into a tree or refused with the reason.

    {"all": […]}   {"any": […]}   {"not": …}
    {"fact": "order_count", "is": "at_least", "value": 10}

The invariant: a tree that was read asks only of facts there are, with operators and values that
fit them, so that evaluating it cannot fail.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from loyalty.base.errors import BadCriteria
from loyalty.base.said import said
from loyalty.criteria.countries import COUNTRIES
from loyalty.criteria.facts import FACTS, NUMBERS, Fact, Kind, Source

DEPTH_MAX = 8
PARTS_MAX = 100
_LIST_MAX = 100
_NUMBER_MAX = 2**53
_DAYS_MAX = 36_525
_TEXT_MAX = 200

_COMPARING = ("equals", "at_least", "at_most", "more_than", "less_than")
OPERATORS: Mapping[Kind, tuple[str, ...]] = {
    **dict.fromkeys(NUMBERS, _COMPARING),
    Kind.DAY: ("on", "before", "after", "within_days", "longer_ago_than_days", "known"),
    Kind.TRUTH: ("equals",),
    Kind.TEXT: ("equals", "one_of"),
    Kind.ID: ("equals", "one_of", "known"),
}
"""What may stand under "is", by the kind of the fact."""


def operators_of(fact: Fact) -> tuple[str, ...]:
    """What may stand under "is" for a fact."""
    found = OPERATORS[fact.kind]
    return (*found, "known") if fact.may_be_unknown else found


Value = int | bool | str | date | UUID | tuple[str, ...] | tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Test:
    """One fact held against a value."""

    fact: Fact
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Group:
    """`word` all: every part holds (of none, yes); any: at least one does (of none, no)."""

    word: Literal["all", "any"]
    parts: tuple["Criteria", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Criteria"


Criteria = Test | Group | Not


def read_criteria(given: object) -> Criteria:
    """The tree of decoded JSON. Raises BadCriteria: the way to the part at fault, and why."""
    return _Reader().read(given, "", 1)


def sources_of(criteria: Criteria) -> frozenset[Source]:
    """Where the facts come from that the tree asks for."""
    return frozenset(fact.source for fact in facts_of(criteria))


def facts_of(criteria: Criteria) -> frozenset[Fact]:
    """The facts that the tree asks for."""
    if isinstance(criteria, Test):
        return frozenset({criteria.fact})
    parts = criteria.parts if isinstance(criteria, Group) else (criteria.part,)
    return frozenset().union(*map(facts_of, parts))


class _Reader:
    """Reads one tree and counts its parts."""

    def __init__(self) -> None:
        self.parts = 0

    def read(self, given: object, way: str, depth: int) -> Criteria:
        self.parts += 1
        if depth > DEPTH_MAX:
            raise BadCriteria(way, said("Nest at most %(most)s deep", most=DEPTH_MAX))
        if self.parts > PARTS_MAX:
            raise BadCriteria(way, said("Use at most %(most)s parts", most=PARTS_MAX))
        if not isinstance(given, dict):
            raise BadCriteria(way, said("Write an object with all, any, not or fact"))
        if "fact" in given:
            return _test(given, way)
        if len(given) != 1 or not given.keys() <= {"all", "any", "not"}:
            raise BadCriteria(way, said("Write one of all, any, not or fact"))
        [(word, inner)] = given.items()
        if word == "not":
            return Not(self.read(inner, _join(way, "not"), depth + 1))
        if not isinstance(inner, list) or not inner:
            # Of nothing, "all" would mean everybody: hardly what anyone means.
            raise BadCriteria(_join(way, word), said("Write a list with at least one part"))
        parts = (
            self.read(part, f"{_join(way, word)}[{number}]", depth + 1)
            for number, part in enumerate(inner)
        )
        return Group(word, tuple(parts))


def _test(given: dict[Any, Any], way: str) -> Test:
    if given.keys() != {"fact", "is", "value"}:
        raise BadCriteria(way, said("Write fact, is and value, and nothing else"))
    name, operator = given["fact"], given["is"]
    fact = FACTS.get(name) if isinstance(name, str) else None
    if fact is None:
        raise BadCriteria(_join(way, "fact"), said("There is no fact %(fact)s", fact=repr(name)))
    allowed = operators_of(fact)
    if operator not in allowed:
        words = said("Use one of %(words)s with %(fact)s", words=", ".join(allowed), fact=name)
        raise BadCriteria(_join(way, "is"), words)
    value = _value(fact.kind, operator, given["value"], _join(way, "value"))
    if fact.is_country:
        value = _countries(value, _join(way, "value"))
    _check_choices(fact, value, _join(way, "value"))
    return Test(fact, operator, value)


def _value(kind: Kind, operator: str, given: object, way: str) -> Value:
    if operator == "known" or kind == Kind.TRUTH:
        return _truth(given, way)
    if operator == "one_of":
        return _several(kind, given, way)
    if kind in NUMBERS:
        return _number(given, way, _NUMBER_MAX)
    if kind == Kind.DAY:
        return _number(given, way, _DAYS_MAX) if operator.endswith("_days") else _day(given, way)
    return _id(given, way) if kind == Kind.ID else _text(given, way)


def _truth(given: object, way: str) -> bool:
    if not isinstance(given, bool):
        raise BadCriteria(way, said("Write true or false"))
    return given


def _number(given: object, way: str, most: int) -> int:
    # To Python true is the number 1; to nobody else.
    if isinstance(given, bool) or not isinstance(given, int):
        raise BadCriteria(way, said("Write a whole number, without quotation marks"))
    if not 0 <= given <= most:
        raise BadCriteria(way, said("Write a number from 0 to %(most)s", most=most))
    return given


def _day(given: object, way: str) -> date:
    try:
        if isinstance(given, str) and len(given) == len("2026-11-22"):
            return date.fromisoformat(given)
    except ValueError:
        pass
    raise BadCriteria(way, said("Write a day such as 2026-11-22"))


def _text(given: object, way: str) -> str:
    if not isinstance(given, str) or not 0 < len(given) <= _TEXT_MAX or "\0" in given:
        raise BadCriteria(way, said("Write 1 to %(most)s characters", most=_TEXT_MAX))
    return given


def _id(given: object, way: str) -> UUID:
    try:
        return UUID(_text(given, way))
    except ValueError as error:
        raise BadCriteria(way, said("Write an id")) from error


def _several(kind: Kind, given: object, way: str) -> tuple[str, ...] | tuple[UUID, ...]:
    if not isinstance(given, list) or not 0 < len(given) <= _LIST_MAX:
        raise BadCriteria(way, said("Write a list of 1 to %(most)s", most=_LIST_MAX))
    if kind == Kind.ID:
        return tuple(_id(each, f"{way}[{n}]") for n, each in enumerate(given))
    return tuple(_text(each, f"{way}[{n}]") for n, each in enumerate(given))


def _countries(value: Value, way: str) -> Value:
    """In capitals, as addresses have them."""
    if isinstance(value, tuple):
        return tuple(_country(str(each), f"{way}[{n}]") for n, each in enumerate(value))
    return _country(str(value), way)


def _country(given: str, way: str) -> str:
    if given.upper() not in COUNTRIES:
        raise BadCriteria(way, said("Write the two letters of a country, such as ES"))
    return given.upper()


def _check_choices(fact: Fact, value: Value, way: str) -> None:
    """Of a text that can only be one of a few, another would never match."""
    for each in value if isinstance(value, tuple) else (value,):
        if fact.choices and each not in fact.choices:
            raise BadCriteria(way, said("Use one of %(words)s", words=", ".join(fact.choices)))


def _join(way: str, step: str) -> str:
    return f"{way}.{step}" if way else step
