"""The value of a condition between form and rule: which control asks for it, and what it means.

The invariant: what a rule holds is shown, and read again as the same value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NoReturn

from flask import g
from sqlalchemy.orm import Session

from loyalty.base.errors import UnreadableMoney
from loyalty.base.money import Money, parse_minor
from loyalty.criteria.facts import FACTS, NUMBERS, Fact, Kind
from loyalty.shops.tables import Shop
from loyalty.tiers.ladder import load_ladder
from shopify_app.admin.formatting import ShopFormat
from shopify_app.admin.languages import N_, _, say
from shopify_app.admin.segments.words import choices_of, sentence

_DIGITS_MAX = 16


@dataclass(frozen=True, slots=True)
class Values:
    """Reads and writes the values of one shop: amounts in its currency, choices of its own.

    `choices`: the values that a fact can take, with their words, by the name of the fact. One
    that was chosen and is gone since is not among them: it is to be chosen anew.
    """

    currency: str
    words: ShopFormat
    choices: Mapping[str, Sequence[tuple[str, str]]]

    @classmethod
    def of(cls, session: Session, shop: Shop) -> "Values":
        """Those of the shop of this request."""
        choices = {fact.name: choices_of(fact) for fact in FACTS.values() if fact.choices}
        rungs = load_ladder(session, shop.shop_id).rungs
        choices["tier"] = [(str(rung.id), rung.name) for rung in rungs]
        return cls(shop.currency, g.shop_format, choices)

    def control(self, fact: Fact, operator: str) -> str:
        """How the value is asked for: truth, number, money, day, choice, choices, text or texts."""
        if operator == "known" or fact.kind == Kind.TRUTH:
            return "truth"
        if operator.endswith("_days"):
            return "number"
        if fact.kind in NUMBERS:
            return "money" if fact.kind == Kind.MONEY else "number"
        if fact.kind == Kind.DAY:
            return "day"
        has_choices = fact.name in self.choices
        if operator == "one_of":
            return "choices" if has_choices else "texts"
        return "choice" if has_choices else "text"

    def read(self, fact: Fact, operator: str, typed: Sequence[str]) -> Any:
        """The value for the rule. Raises ValueError with what is wrong, for the person."""
        control = self.control(fact, operator)
        given = [text.strip() for text in typed if text.strip()]
        if control == "choices":
            return given or _refuse(_("Choose at least one"))
        if control == "texts":
            return _listed(given) or _refuse(_("Write at least one"))
        if not given:
            _refuse(_("Choose one") if control in ("choice", "truth") else _("Fill this in"))
        return _READERS.get(control, _as_it_is)(given[0], self.currency)

    def write(self, fact: Fact, operator: str, value: Any) -> list[str]:
        """What the control shows for the rule's value."""
        if isinstance(value, bool):
            return ["true" if value else "false"]
        if isinstance(value, list):
            is_one_text = self.control(fact, operator) == "texts"
            return [", ".join(value)] if is_one_text else value
        if fact.kind == Kind.MONEY:
            return [str(Money(value, self.currency).decimal())]
        return [str(value)]

    def say(self, fact: Fact, operator: str, typed: Sequence[str]) -> str:
        """The whole condition in words: `Orders is at least 10`."""
        control, title, text = self.control(fact, operator), say(fact.title), typed[0]
        if operator == "known":
            pattern = N_("%(fact)s is known") if text == "true" else N_("%(fact)s is not known")
            return _(pattern, fact=title)
        if control == "truth":
            return _(
                "%(fact)s: %(value)s", fact=title, value=_("yes") if text == "true" else _("no")
            )
        value = _(", ").join(self._say(fact, control, each) for each in typed)
        count = int(text) if control == "number" else 0
        return sentence(operator, fact=title, value=value, count=count)

    def _say(self, fact: Fact, control: str, text: str) -> str:
        if control == "number":
            return self.words.number(int(text))
        if control == "money":
            return self.words.money(Money(parse_minor(text, self.currency), self.currency))
        if control == "day":
            return self.words.calendar_day(date.fromisoformat(text))
        if control in ("choice", "choices"):
            return dict(self.choices[fact.name]).get(text, _("one that is no longer there"))
        return text


def _refuse(words: str) -> NoReturn:
    raise ValueError(words)


def _listed(given: Sequence[str]) -> list[str]:
    return [part.strip() for text in given for part in text.split(",") if part.strip()]


def _truth(text: str, _currency: str) -> bool:
    if text not in ("true", "false"):
        _refuse(_("Choose one"))
    return text == "true"


def _number(text: str, _currency: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        _refuse(_("Write a whole number, such as 60"))
    return int(text)


def _money(text: str, currency: str) -> int:
    is_plain = text.isascii() and text.replace(".", "", 1).isdigit() and len(text) <= _DIGITS_MAX
    try:
        if is_plain:
            return parse_minor(text, currency)
    except UnreadableMoney:
        pass
    _refuse(_("Write an amount such as %(amount)s", amount=Money(1250, currency).decimal()))


def _as_it_is(text: str, _currency: str) -> str:
    return text


_READERS = {"truth": _truth, "number": _number, "money": _money}
