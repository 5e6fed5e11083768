"""What a reward is worth, in words that a member reads, with money as the shop writes it."""

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal

from loyalty.base.money import Money
from loyalty.rewards.tables import Reward
from loyalty.shops.tables import Shop


def worth_of(reward: Reward, shop: Shop, product_title: str | None = None) -> str:
    """`€5.00 off`, `10% off`, `Free shipping`, `Free: Candle`, `€1.00 off per 100 points`."""
    if reward.kind == "free_shipping":
        return "Free shipping"
    if reward.kind == "free_product":
        return f"Free: {product_title}" if product_title else "Free product"
    locale = _locale(shop.locale)
    if reward.kind == "percentage":
        assert reward.percentage is not None
        return f"{format_decimal(reward.percentage, locale=locale)}% off"
    assert reward.amount_minor is not None
    amount = Money(reward.amount_minor, shop.currency)
    text = format_currency(amount.decimal(), amount.currency, locale=locale)
    text += " store credit" if reward.kind == "store_credit" else " off"
    if reward.pricing == "per_point":
        count = reward.cost_points
        text += (
            " per point" if count == 1 else f" per {format_decimal(count, locale=locale)} points"
        )
    return text


def _locale(code: str) -> Locale:
    try:
        return Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
