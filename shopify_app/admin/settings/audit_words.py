"""The audit trail in words: an action is its own name, said as a sentence begins."""

from collections.abc import Iterator, Mapping
from typing import Any

from shopify_app.admin.languages import N_, _, say
from shopify_app.admin.settings.audit_titles import EMAILS, SUBJECTS, TITLES

PEOPLE = {
    "staff": N_("Staff in Shopify admin"),
    "till_user": N_("Cashiers"),
    "member": N_("Members themselves"),
    "operator": N_("Operators"),
    "system": N_("Encore and Shopify"),
}


def title(action: str) -> str:
    """`points_adjusted` as “Points adjusted”; what is asked for by email, as what was sent."""
    if action.endswith("_email_asked"):
        kind = action.removesuffix("_email_asked")
        return _("Email sent: %(what)s", what=say(EMAILS.get(kind, kind.replace("_", " "))))
    return say(TITLES.get(action)) or _sentence(action)


def actions_like(needle: str) -> list[str]:
    """The actions whose titles hold these words in the language of the page."""
    wanted = needle.strip().casefold()
    if not wanted:
        return []
    known = [*TITLES, *(f"{kind}_email_asked" for kind in EMAILS)]
    return [action for action in known if wanted in title(action).casefold()]


def actor(kind: str, actor_id: str, staff: str | None) -> str:
    """Who it was: a name where we know it."""
    if staff is not None:
        return _begin(say(staff))
    if kind == "system":
        return actor_id.capitalize()
    if kind == "operator":
        return _("Operator %(name)s", name=actor_id)
    return _("The member") if kind == "member" else f"{kind.capitalize()} {actor_id}"


def subject(kind: str) -> str:
    """What it was done to, where that is no member whom we still know."""
    return say(SUBJECTS.get(kind)) or _sentence(kind)


def details(kept: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is known beside it, as names and values; what is empty is left out."""
    return [(_field(name), text) for name, text in _flat("", kept) if text]


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
        return _("yes") if value else _("no")
    return str(value)


def _field(name: str) -> str:
    when, _blank, rest = name.partition(" ")
    if when == "before" and rest:
        return _begin(_("before %(field)s", field=_word(rest)))
    if when == "after" and rest:
        return _begin(_("after %(field)s", field=_word(rest)))
    return _begin(_word(name))


def _word(name: str) -> str:
    return say(name.replace("_", " ").strip())


def _sentence(name: str) -> str:
    return _begin(name.replace("_", " ").strip())


def _begin(words: str) -> str:
    return words[:1].upper() + words[1:]
