"""What the buttons of a rule's form do to it, and what another fact does to its row."""

from loyalty.criteria.language import PARTS_MAX
from shopify_app.admin.languages import _
from shopify_app.admin.segments.rule_form import (
    Condition,
    Group,
    Part,
    Way,
    blank_condition,
    conditions,
    way_of,
)
from shopify_app.admin.segments.rule_meaning import read_condition
from shopify_app.admin.segments.rule_values import Values

GROUPS_DEEP_MAX = 3
"""So deep a person may nest groups; a deeper rule, made by a command, is shown all the same."""


def change(rule: Group, act: str, values: Values) -> tuple[Group, Way | None]:
    """The rule after an act, and as it was after one that makes no sense; the way of what is new.

    `add rule.1`, `group rule` and `remove rule.1.0` are buttons; `refit rule.0`: another fact or
    operator was chosen there, and what was typed may not fit it.
    """
    word, _space, name = act.partition(" ")
    way = way_of(name)
    part = _find(rule, way) if way is not None else None
    if word == "remove" and way and part:
        group = _find(rule, way[:-1])
        assert isinstance(group, Group)
        del group.parts[way[-1]]
    elif word == "refit" and isinstance(part, Condition):
        if read_condition(part, values) is None:
            part.typed, part.errors = [], {}
    elif word in ("add", "group") and isinstance(part, Group):
        assert way is not None
        if _add_to(part, is_group=word == "group" and len(way) < GROUPS_DEEP_MAX, rule=rule):
            return rule, (*way, len(part.parts) - 1)
    return rule, None


def _add_to(group: Group, *, is_group: bool, rule: Group) -> bool:
    if sum(1 for _ in conditions(rule)) >= PARTS_MAX:
        group.error = _("Use at most %(most)s conditions", most=PARTS_MAX)
        return False
    condition = blank_condition()
    group.parts.append(Group("any", [condition]) if is_group else condition)
    return True


def _find(rule: Part, way: tuple[int, ...]) -> Part | None:
    for step in way:
        if not isinstance(rule, Group) or step >= len(rule.parts):
            return None
        rule = rule.parts[step]
    return rule
