"""What a reward is worth, in words that a member reads, with money as the shop writes it."""

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal

from loyalty.base.money import Money
from loyalty.base.said import N_, said
from loyalty.rewards.tables import Reward
from loyalty.shops.tables import Shop

_PRODUCT = said("Free product")
_CREDIT = (
    N_("%(amount)s store credit"),
    N_("%(amount)s store credit per point"),
    N_("%(amount)s store credit per %(points)s points"),
)
_DISCOUNT = (
    N_("%(amount)s off"),
    N_("%(amount)s off per point"),
    N_("%(amount)s off per %(points)s points"),
)
"""Once, for each point, and for so many points."""


def worth_of(reward: Reward, shop: Shop, product_title: str | None = None) -> str:
    """`€5.00 off`, `10% off`, `Free shipping`, `Free: Candle`, `€1.00 off per 100 points`."""
    if reward.kind == "free_shipping":
        return said("Free shipping")
    if reward.kind == "free_product":
        return said("Free: %(product)s", product=product_title) if product_title else _PRODUCT
    locale = _locale(shop.locale)
    if reward.kind == "percentage":
        assert reward.percentage is not None
        return said("%(percent)s%% off", percent=format_decimal(reward.percentage, locale=locale))
    assert reward.amount_minor is not None
    amount = Money(reward.amount_minor, shop.currency)
    text = format_currency(amount.decimal(), amount.currency, locale=locale)
    once, each, for_many = _CREDIT if reward.kind == "store_credit" else _DISCOUNT
    if reward.pricing != "per_point":
        return said(once, amount=text)
    if reward.cost_points == 1:
        return said(each, amount=text)
    count = format_decimal(reward.cost_points, locale=locale)
    return said(for_many, amount=text, points=count)


def _locale(code: str) -> Locale:
    try:
        return Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
