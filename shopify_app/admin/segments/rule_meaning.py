"""What a rule's form means: the JSON of the language, or what is wrong, beside its part."""

import re
from typing import Any

from loyalty.base.errors import BadCriteria
from loyalty.criteria.language import read_criteria
from shopify_app.admin.languages import _, say
from shopify_app.admin.segments.rule_form import Condition, Group, Part
from shopify_app.admin.segments.rule_values import Values


def read(rule: Group, values: Values) -> dict[str, Any] | None:
    """The rule's JSON; None when something is wrong, which then stands beside its part."""
    given = _json(rule, values, ())
    if given is None:
        return None
    try:
        read_criteria(given)
    except BadCriteria as error:
        blame(rule, error.field, say(error))
        return None
    return given


def blame(rule: Group, way: str, message: str) -> None:
    """Put `message` beside the part of the rule's JSON at `way`, as `all[1].not.any[0].value`."""
    part: Part = rule
    while isinstance(part, Group):
        begin = _list_name(part)
        found = re.match(rf"{re.escape(begin)}\[(\d+)\]\.?", way)
        if not found or int(found[1]) >= len(part.parts):
            part.error = message
            return
        part, way = part.parts[int(found[1])], way[found.end() :]
    part.errors = {way if way in ("fact", "is") else "value": message}


def _list_name(group: Group) -> str:
    """Where in its JSON a group has its parts."""
    return {"none": "not.any", "not_all": "not.all"}.get(group.word, group.word)


def _json(group: Group, values: Values, way: tuple[int, ...]) -> dict[str, Any] | None:
    if not group.parts:
        group.error = _("Add a condition, or remove this group") if way else _("Add a condition")
        return None
    parts = [
        _json(part, values, (*way, place))
        if isinstance(part, Group)
        else read_condition(part, values)
        for place, part in enumerate(group.parts)
    ]
    if None in parts:
        return None
    negation, _dot, word = _list_name(group).rpartition(".")
    return {negation: {word: parts}} if negation else {word: parts}


def read_condition(condition: Condition, values: Values) -> dict[str, Any] | None:
    """The test's JSON; None when something is wrong with one of its three fields."""
    fact = condition.known_fact
    if fact is None:
        condition.errors = {"fact": _("Choose what to look at")}
        return None
    try:
        value = values.read(fact, condition.operator, condition.typed)
        test = {"fact": fact.name, "is": condition.operator, "value": value}
        read_criteria(test)
    except BadCriteria as error:
        condition.errors = {error.field.partition("[")[0] or "value": say(error)}
        return None
    except ValueError as error:
        condition.errors = {"value": str(error)}
        return None
    return test
