"""The audit trail in words: an action is its own name, said as a sentence begins."""

from collections.abc import Iterator, Mapping
from typing import Any

PEOPLE = {
    "staff": "Staff in Shopify admin",
    "till_user": "Cashiers",
    "member": "Members themselves",
    "operator": "Operators",
    "system": "Encore and Shopify",
}
_TITLES = {
    "push_asked": "Push sent",
    "insight_asked": "Scoring of members started",
    "erasure_asked": "Erasure asked for",
    "erasure_taken_back": "Erasure taken back",
    "segment_put_many_in": "Members put into a segment",
    "segment_put_in": "Put into a segment",
    "segment_put_out": "Kept out of a segment",
    "segment_word_cleared": "Segment left to its rule again",
    "tier_freed": "Tier left to its rules again",
    "till_manager_pin_set": "Manager PIN set",
}
_SUBJECTS = {"inbox_row": "Webhook", "shop": "The shop", "programme": "The programme"}


def title(action: str) -> str:
    """`points_adjusted` as “Points adjusted”; what is asked for by email, as what was sent."""
    if action.endswith("_email_asked"):
        return f"Email sent: {action.removesuffix('_email_asked').replace('_', ' ')}"
    return _TITLES.get(action) or _sentence(action)


def actor(kind: str, actor_id: str, staff: str | None) -> str:
    """Who it was: a name where we know it."""
    if staff is not None:
        return staff[:1].upper() + staff[1:]
    if kind == "system":
        return actor_id.capitalize()
    return "The member" if kind == "member" else f"{kind.capitalize()} {actor_id}"


def subject(kind: str) -> str:
    """What it was done to, where that is no member whom we still know."""
    return _SUBJECTS.get(kind) or _sentence(kind)


def details(kept: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is known beside it, as names and values; what is empty is left out."""
    return [(_sentence(name), text) for name, text in _flat("", kept) if text]


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{name} {key}".strip(), inner)
    elif isinstance(value, list):
        yield name, ", ".join(_text(each) for each in value)
    else:
        yield name, _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _sentence(name: str) -> str:
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]
