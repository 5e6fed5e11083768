"""A segment's rule as a form: groups of conditions, as typed, with what is wrong beside each.

Fields are named by the way to their part: `rule.word`, `rule.0.fact`, `rule.1.0.value`.

The invariant: every rule of the language has a form, and a form without errors means that rule.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from loyalty.criteria.facts import FACTS, Fact
from loyalty.criteria.language import DEPTH_MAX, PARTS_MAX, operators_of, read_criteria
from shopify_app.admin.segments.rule_values import Values
from shopify_app.admin.segments.words import GROUPS

_FIELD = re.compile(rf"rule((?:\.\d{{1,3}}){{0,{DEPTH_MAX}}})\.(word|fact|is|value)")
_FIRST_FACT = "order_count"

Way = tuple[int, ...]
"""The places of a part and of the groups around it, from the outermost in; () is the rule."""


@dataclass
class Condition:
    """One line: a fact, how it is compared, and what was typed; `errors` by fact, is, value."""

    fact: str = _FIRST_FACT
    operator: str = ""
    typed: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def known_fact(self) -> Fact | None:
        """The fact, if there is one of that name."""
        return FACTS.get(self.fact)

    @property
    def is_blank(self) -> bool:
        """Whether no value was typed yet."""
        return not any(text.strip() for text in self.typed)


@dataclass
class Group:
    """Conditions and groups that count together, by one of `GROUPS`."""

    word: str = "all"
    parts: list["Part"] = field(default_factory=list)
    error: str = ""


Part = Condition | Group


def is_group(part: Part) -> bool:
    """For templates, which know no types."""
    return isinstance(part, Group)


def blank_rule() -> Group:
    """What a new segment begins with: one condition."""
    return Group("all", [blank_condition()])


def blank_condition() -> Condition:
    """What a new row asks: how many orders."""
    return _fitted(Condition())


def rule_of(fields: "MultiDict[str, str]") -> Group:
    """The rule as it was sent; a part that no form of ours sends reads as a blank one."""
    ways: dict[Way, set[str]] = {}
    for name in fields:
        if found := _FIELD.fullmatch(name):
            way = tuple(int(step) for step in found[1].split(".")[1:])
            ways.setdefault(way, set()).add(found[2])
    if "word" not in ways.get((), ()) or len(ways) > 2 * PARTS_MAX:
        return blank_rule()
    return _group_of(fields, ways, ())


def _group_of(fields: "MultiDict[str, str]", ways: dict[Way, set[str]], way: Way) -> Group:
    below = sorted(each for each in ways if len(each) == len(way) + 1 and each[: len(way)] == way)
    parts: list[Part] = [
        _group_of(fields, ways, each) if "word" in ways[each] else _condition_of(fields, each)
        for each in below
    ]
    word = fields.get(f"{way_name(way)}.word", "")
    return Group(word if word in GROUPS else "all", parts)


def _condition_of(fields: "MultiDict[str, str]", way: Way) -> Condition:
    name = way_name(way)
    typed = fields.getlist(f"{name}.value")
    return _fitted(Condition(fields.get(f"{name}.fact", ""), fields.get(f"{name}.is", ""), typed))


def _fitted(condition: Condition) -> Condition:
    """Another fact may not know the operator that stood there."""
    fact = condition.known_fact
    if fact and condition.operator not in operators_of(fact):
        condition.operator = operators_of(fact)[0]
    return condition


def way_name(way: Way) -> str:
    """`rule.1.0`: what the fields of a part begin with."""
    return ".".join(("rule", *map(str, way)))


def form_of(criteria: Any, values: Values) -> Group:
    """The form of a saved rule. Raises BadCriteria when it cannot be read any more."""
    read_criteria(criteria)
    part = _part_of(criteria, values)
    return part if isinstance(part, Group) else Group("all", [part])


def _part_of(given: dict[str, Any], values: Values) -> Part:
    if "fact" in given:
        fact = FACTS[given["fact"]]
        typed = values.write(fact, given["is"], given["value"])
        return Condition(fact.name, given["is"], typed)
    [(word, inner)] = given.items()
    if word != "not":
        return Group(word, [_part_of(each, values) for each in inner])
    if "any" in inner or "all" in inner:
        [(inner_word, parts)] = inner.items()
        word = "none" if inner_word == "any" else "not_all"
        return Group(word, [_part_of(each, values) for each in parts])
    return Group("none", [_part_of(inner, values)])


def conditions(rule: Group, way: Way = ()) -> Iterator[tuple[str, Condition]]:
    """Each condition with the name of its way, from the top down."""
    for place, part in enumerate(rule.parts):
        inner = (*way, place)
        if isinstance(part, Group):
            yield from conditions(part, inner)
        else:
            yield way_name(inner), part


def way_of(name: str) -> Way | None:
    """The way of a part by its name; None for what is no name of one."""
    found = _FIELD.fullmatch(f"{name}.word")
    return tuple(int(step) for step in found[1].split(".")[1:]) if found else None
