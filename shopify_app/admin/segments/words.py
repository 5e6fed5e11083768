"""Rules in words: what operators, groups and ready values are called for a merchant.

The invariant: what has no words of its own here is shown by its name, never left out.
"""

from loyalty.criteria import language
from loyalty.criteria.facts import FACTS, Fact
from shopify_app.admin.languages import N_, _, ngettext, say

GROUPS = {
    "all": N_("all of these"),
    "any": N_("at least one of these"),
    "none": N_("none of these"),
    "not_all": N_("not all of these"),
}
"""How the conditions of a group count together."""

SUBJECTS = {
    "member": N_("Profile"),
    "balance": N_("Points"),
    "lots": N_("Points"),
    "orders": N_("Orders"),
    "tier": N_("Tier"),
    "entries": N_("Rewards and friends"),
    "coupons": N_("Rewards and friends"),
    "cards": N_("Card and visits"),
    "actions": N_("Card and visits"),
    "consent": N_("Consent and emails"),
    "bounces": N_("Consent and emails"),
    "insight": N_("Insight"),
}
"""What a merchant calls the source of a fact."""

_CONSENTS = {
    "subscribed": N_("agreed"),
    "asked": N_("agreed, address not proved yet"),
    "unsubscribed": N_("unsubscribed"),
    "none": N_("never said"),
}
CHOICES = {
    "enrolled_by": {
        "account": N_("a customer account"),
        "order": N_("a paid order"),
        "backfill": N_("the import of history"),
        "join_page": N_("the join page"),
        "staff": N_("your staff"),
        "till": N_("the till"),
    },
    "email_consent": _CONSENTS,
    "sms_consent": _CONSENTS,
    "churn_risk": {
        "not_yet": N_("not yet known"),
        "new": N_("new: no order yet"),
        "low": N_("low"),
        "medium": N_("medium"),
        "high": N_("high"),
    },
}
"""What the values of a fact are called."""

_SENTENCES = {
    "equals": N_("%(fact)s is %(value)s"),
    "one_of": N_("%(fact)s is one of %(value)s"),
    "at_least": N_("%(fact)s is at least %(value)s"),
    "at_most": N_("%(fact)s is at most %(value)s"),
    "more_than": N_("%(fact)s is more than %(value)s"),
    "less_than": N_("%(fact)s is less than %(value)s"),
    "on": N_("%(fact)s is on %(value)s"),
    "before": N_("%(fact)s is before %(value)s"),
    "after": N_("%(fact)s is after %(value)s"),
    "known": N_("%(fact)s is known"),
}
_MANY = 100
"""A number of days that reads as any number would."""


def sentence(operator: str, *, fact: str, value: str, count: int = 0) -> str:
    """`Orders is at least 10`; `count`: the number that `value` says, where it is one."""
    given = {"fact": fact, "value": value}
    if operator == "within_days":
        return ngettext(
            "%(fact)s is within the last %(value)s day",
            "%(fact)s is within the last %(value)s days",
            count,
            **given,
        )
    if operator == "longer_ago_than_days":
        return ngettext(
            "%(fact)s is longer ago than %(value)s day",
            "%(fact)s is longer ago than %(value)s days",
            count,
            **given,
        )
    pattern = _SENTENCES.get(operator)
    return _(pattern, **given) if pattern else f"{fact} {operator.replace('_', ' ')} {value}"


def operator_label(operator: str) -> str:
    """`is at least`: the sentence without what stands around it; `…` for a value inside of it."""
    return sentence(operator, fact="", value="…", count=_MANY).strip(" :…\N{NO-BREAK SPACE}")


def operators_of(fact: Fact) -> list[tuple[str, str]]:
    """What may stand between the fact and a value, each with its words."""
    return [(each, operator_label(each)) for each in language.operators_of(fact)]


def choices_of(fact: Fact) -> list[tuple[str, str]]:
    """The texts that a fact can be, with their words; none when it can be anything."""
    words = CHOICES.get(fact.name, {})
    return [(choice, say(words.get(choice, choice.replace("_", " ")))) for choice in fact.choices]


def facts_by_subject() -> list[tuple[str, list[Fact]]]:
    """All facts below the subject that they belong to, as a menu shows them."""
    found: dict[str, list[Fact]] = {}
    for fact in FACTS.values():
        subject = SUBJECTS.get(fact.source, fact.source.replace("_", " ").capitalize())
        found.setdefault(say(subject), []).append(fact)
    return list(found.items())
