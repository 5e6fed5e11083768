"""What a coupon is worth, in words and in the shop's way of writing money. Reads only."""

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal

from loyalty.base.money import Money
from loyalty.base.said import said
from loyalty.coupons.tables import Coupon
from loyalty.shops.tables import Shop


def worth_of(coupon: Coupon, shop: Shop) -> str:
    """`€5.00 off on orders from €30.00`, `15% off`, `Free shipping`."""
    if not coupon.minimum_cart_minor:
        return _worth(coupon, shop)
    minimum = _money(coupon.minimum_cart_minor, shop)
    return said("%(worth)s on orders from %(minimum)s", worth=_worth(coupon, shop), minimum=minimum)


def _worth(coupon: Coupon, shop: Shop) -> str:
    if coupon.kind == "fixed_amount":
        assert coupon.amount_minor is not None
        return said("%(amount)s off", amount=_money(coupon.amount_minor, shop))
    if coupon.kind == "percentage":
        assert coupon.percentage is not None
        percent = format_decimal(coupon.percentage, locale=_locale(shop))
        return said("%(percent)s%% off", percent=percent)
    return said("Free shipping")


def _money(amount_minor: int, shop: Shop) -> str:
    amount = Money(amount_minor, shop.currency).decimal()
    return format_currency(amount, shop.currency, locale=_locale(shop))


def _locale(shop: Shop) -> Locale:
    """The shop's language as Shopify writes it (`pt-BR`), English if we cannot speak it."""
    try:
        return Locale.parse(shop.locale, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale("en")
