"""What stands in the place of each merge field, in the words of the member's language.

Numbers, days and money are written by CLDR's rules; nothing here is HTML.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from loyalty.base.money import Money
from mailing.catalogue import Mail
from mailing.facts import Facts
from mailing.languages import locale_in
from mailing.wording import language_words, usual_points_names

Body = Mapping[str, Any]


def values_of(mail: Mail, facts: Facts, body: Body) -> dict[str, str]:
    """Each field of `mail` by name; empty where there is nothing to say."""
    common = {
        "first_name": facts.first_name or "",
        "last_name": facts.last_name or "",
        "shop": facts.shop,
        "programme": facts.programme,
        "balance": points_in_words(facts, facts.balance),
        "points_name": _points_name(facts),
        "tier": facts.tier or "",
    }
    return common | {name: _OWN[name](facts, body) for name in mail.own_fields}


def points_in_words(facts: Facts, points: int) -> str:
    """`1,250 points`: one point, two points and many as the language has them.

    A name that the merchant chose stands as it is: nobody knows its plurals.
    """
    locale = locale_in(facts.language, facts.shop_locale)
    number = format_decimal(points, locale=locale)
    if not _has_usual_name(facts):
        return f"{number} {facts.points_name}"
    forms = language_words(facts.language).points
    return forms.get(locale.plural_form(abs(points)), forms["other"]).replace("{n}", number)


def _points_name(facts: Facts) -> str:
    usual = language_words(facts.language).points_name
    return usual if _has_usual_name(facts) else facts.points_name


def _has_usual_name(facts: Facts) -> bool:
    return facts.points_name.strip().casefold() in usual_points_names()


def _points(facts: Facts, body: Body) -> str:
    return points_in_words(facts, abs(int(body.get("points", 0))))


def _bonus(facts: Facts, body: Body) -> str:
    points = body.get("bonus_points")
    return points_in_words(facts, int(points)) if points else ""


def _cost(facts: Facts, body: Body) -> str:
    return points_in_words(facts, int(body["cost"]))


def _day(name: str) -> "Value":
    def read(facts: Facts, body: Body) -> str:
        if body.get(name) is None:
            return ""
        locale = locale_in(facts.language, facts.shop_locale)
        return format_date(date.fromisoformat(body[name]), "long", locale=locale)

    return read


def _text(name: str) -> "Value":
    return lambda _, body: str(body.get(name) or "")


def _worth(facts: Facts, body: Body) -> str:
    """`€5.00 off on orders from €30.00`, `15% off`, `Free shipping`."""
    told, forms = body["worth"], language_words(facts.language).worth
    locale = locale_in(facts.language, facts.shop_locale)

    def money(minor: int) -> str:
        amount = Money(minor, told["currency"])
        return format_currency(amount.decimal(), amount.currency, locale=locale)

    worth = forms[told["kind"]]
    if told["kind"] == "fixed_amount":
        worth = worth.replace("{amount}", money(told["amount_minor"]))
    elif told["kind"] == "percentage":
        share = Decimal(told["percentage"]) / 100
        percentage = format_percent(share, locale=locale, decimal_quantization=False)
        worth = worth.replace("{percentage}", percentage)
    if not told["minimum_minor"]:
        return worth
    minimum = money(told["minimum_minor"])
    return forms["minimum"].replace("{worth}", worth).replace("{minimum}", minimum)


Value = Callable[[Facts, Body], str]

_OWN: dict[str, Value] = {
    "points": _points,
    "bonus_points": _bonus,
    "cost": _cost,
    "last_day": _day("last_valid_on"),
    "valid_until": _day("valid_until"),
    "erases_on": _day("erases_on"),
    "gathered_on": _day("gathered_on"),
    "promotion": _text("promotion"),
    "promotion_until": _day("promotion_until"),
    "reward": _text("reward"),
    "coupon": _text("coupon"),
    "code": _text("code"),
    "headline": _text("headline"),
    "worth": _worth,
}
