"""The fields of a pass: which are allowed, and what a change of them says on the lock screen.

Invariant: a notification is decided by the phone's own two copies alone; nothing else counts.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.apple.problems import Problem

GROUPS = ("headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "backFields")
ALIGNMENTS = {f"PKTextAlignment{name}" for name in ("Left", "Center", "Right", "Natural")}
DATE_STYLES = {f"PKDateStyle{name}" for name in ("None", "Short", "Medium", "Long", "Full")}
NUMBER_STYLES = {
    f"PKNumberStyle{name}" for name in ("Decimal", "Percent", "Scientific", "SpellOut")
}
STYLE_WORDS = {
    "storeCard": "Store card", "coupon": "Coupon", "eventTicket": "Event ticket",
    "boardingPass": "Boarding pass", "generic": "Pass",
}  # fmt: skip

Json = dict[str, Any]


@dataclass(frozen=True)
class LockScreenText:
    """What the lock screen says: kind 'field' shows one field's change, 'generic' only that."""

    kind: str
    text: str
    fields: tuple[str, ...]


def all_fields(content: Json) -> dict[str, Json]:
    """Return {key: field} of every group of the pass's style."""
    fields = {}
    for style in STYLE_WORDS:
        for group in GROUPS:
            for field in content.get(style, {}).get(group, []):
                fields[field["key"]] = field
    return fields


def lock_screen_text(old: Json, new: Json) -> LockScreenText | None:
    """Compare two copies by iOS's rule; None: the pass changes silently.

    A field counts when its value differs and its new form has a changeMessage. One: its text.
    Several: one generic line. A field that the old copy lacks has not changed but appeared.
    """
    before, after = all_fields(old), all_fields(new)
    changed = [
        key for key, field in after.items()
        if key in before and before[key]["value"] != field["value"] and field.get("changeMessage")
    ]  # fmt: skip
    if not changed:
        return None
    if len(changed) > 1:
        word = next(word for style, word in STYLE_WORDS.items() if style in new)
        return LockScreenText("generic", f"{word} changed", tuple(changed))
    field = after[changed[0]]
    text = field["changeMessage"].replace("%@", str(field["value"]))
    return LockScreenText("field", text, tuple(changed))


def field_problems(style: Json) -> list[Problem]:
    """Return what is wrong with the fields of the style's dictionary."""
    fields: list[Any] = []
    problems = []
    for group in GROUPS:
        members = style.get(group, [])
        if isinstance(members, list):
            fields += members
        else:
            problems.append(Problem("fields", f"{group} must be a list"))
    for field in fields:
        problems += list(_problems_of(field))
    keys = Counter(field["key"] for field in fields if _has_key(field))
    problems += [Problem("field_twice", f"the key {key!r} appears {times} times")
                 for key, times in keys.items() if times > 1]  # fmt: skip
    return problems


def _problems_of(field: Any) -> Iterator[Problem]:
    if not _has_key(field):
        yield Problem("field_key", "each field needs a key that is a string")
        return
    key, value = field["key"], field.get("value")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        yield Problem("field_value", f"{key}: value must be a string or a number")
    if not isinstance(field.get("label", ""), str):
        yield Problem("field_label", f"{key}: label must be a string")
    yield from _change_message_problems(key, field.get("changeMessage"))
    for name, known in (("textAlignment", ALIGNMENTS), ("dateStyle", DATE_STYLES),
                        ("timeStyle", DATE_STYLES), ("numberStyle", NUMBER_STYLES)):  # fmt: skip
        if name in field and field[name] not in known:
            yield Problem("field_style", f"{key}: {name} {field[name]!r} is not known")
    if ("numberStyle" in field or "currencyCode" in field) and isinstance(value, str):
        yield Problem("field_style", f"{key}: a number's style needs a number")


def _change_message_problems(key: str, message: Any) -> Iterator[Problem]:
    if message is None:
        return
    if not isinstance(message, str) or not message.strip():
        yield Problem("change_message", f"{key}: changeMessage must be a string with content")
    elif message.count("%@") > 1:
        yield Problem("change_message", f"{key}: changeMessage may hold %@ once")


def _has_key(field: Any) -> bool:
    return isinstance(field, dict) and isinstance(field.get("key"), str) and bool(field["key"])
