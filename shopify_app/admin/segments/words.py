"""Rules in words: what operators, groups and ready values are called for a merchant.

The invariant: what has no words of its own here is shown by its name, never left out.
"""

from loyalty.criteria import language
from loyalty.criteria.facts import FACTS, NUMBERS, Fact, Kind

GROUPS = {
    "all": "all of these",
    "any": "at least one of these",
    "none": "none of these",
    "not_all": "not all of these",
}
"""How the conditions of a group count together."""

SUBJECTS = {
    "member": "Profile",
    "balance": "Points",
    "lots": "Points",
    "orders": "Orders",
    "tier": "Tier",
    "entries": "Rewards and friends",
    "coupons": "Rewards and friends",
    "cards": "Card and visits",
    "actions": "Card and visits",
    "consent": "Consent and emails",
    "bounces": "Consent and emails",
    "insight": "Insight",
}
"""What a merchant calls the source of a fact."""

_CONSENTS = {
    "subscribed": "agreed",
    "asked": "agreed, address not proved yet",
    "unsubscribed": "unsubscribed",
    "none": "never said",
}
CHOICES = {
    "enrolled_by": {
        "account": "a customer account",
        "order": "a paid order",
        "backfill": "the import of history",
        "join_page": "the join page",
        "staff": "your staff",
        "till": "the till",
    },
    "email_consent": _CONSENTS,
    "sms_consent": _CONSENTS,
    "churn_risk": {
        "not_yet": "not yet known",
        "new": "new: no order yet",
        "low": "low",
        "medium": "medium",
        "high": "high",
    },
}
"""What the values of a fact are called."""

YES_NO = (("true", "yes"), ("false", "no"))

_OF_NUMBERS = {
    "equals": "is",
    "at_least": "is at least",
    "at_most": "is at most",
    "more_than": "is more than",
    "less_than": "is less than",
    "known": "is known",
}
_OF_DAYS = {
    "on": "is on",
    "before": "is before",
    "after": "is after",
    "within_days": "is within the last … days",
    "longer_ago_than_days": "is longer ago than … days",
    "known": "is known",
}
_OF_OTHERS = {"equals": "is", "one_of": "is one of", "known": "is known"}


def operator_label(kind: Kind, operator: str) -> str:
    """`is at least`: what stands between a fact of `kind` and its value."""
    words = _OF_NUMBERS if kind in NUMBERS else _OF_DAYS if kind == Kind.DAY else _OF_OTHERS
    return words.get(operator, operator.replace("_", " "))


def operators_of(fact: Fact) -> list[tuple[str, str]]:
    """What may stand between the fact and a value, each with its words."""
    return [(each, operator_label(fact.kind, each)) for each in language.operators_of(fact)]


def choices_of(fact: Fact) -> list[tuple[str, str]]:
    """The texts that a fact can be, with their words; none when it can be anything."""
    words = CHOICES.get(fact.name, {})
    return [(choice, words.get(choice, choice.replace("_", " "))) for choice in fact.choices]


def facts_by_subject() -> list[tuple[str, list[Fact]]]:
    """All facts below the subject that they belong to, as a menu shows them."""
    found: dict[str, list[Fact]] = {}
    for fact in FACTS.values():
        subject = SUBJECTS.get(fact.source, fact.source.replace("_", " ").capitalize())
        found.setdefault(subject, []).append(fact)
    return list(found.items())
